#include "flood/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace provisiond::flood {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(LatencyHistogramTest, NothingHasNoTimes) {
  const LatencyHistogram times;
  EXPECT_EQ(times.percentile_ms(0.5), 0);
  EXPECT_EQ(times.longest_ms(), 0);
}

TEST(LatencyHistogramTest, PercentilesAreRightToOnePartIn64) {
  LatencyHistogram times;
  for (int i = 1; i <= 10'000; ++i)
    times.add(i * 100us);
  EXPECT_NEAR(times.percentile_ms(0.5), 500, 500.0 / 64);
  EXPECT_NEAR(times.percentile_ms(0.99), 990, 990.0 / 64);
  EXPECT_EQ(times.longest_ms(), 1'000);
  EXPECT_EQ(times.count(), 10'000U);
}

TEST(LatencyHistogramTest, ShortTimesAreExact) {
  LatencyHistogram times;
  for (const Duration time : {Duration{3us}, Duration{77us}, Duration{100us}})
    times.add(time);
  EXPECT_EQ(times.percentile_ms(0.1), 0.003);
  EXPECT_EQ(times.percentile_ms(0.5), 0.077);
  EXPECT_EQ(times.percentile_ms(1), 0.1);
}

TEST(LatencyHistogramTest, NoTimeIsTooLongOrTooShort) {
  LatencyHistogram times;
  times.add(Duration::max());
  times.add(-1s);
  EXPECT_EQ(times.count(), 2U);
  EXPECT_EQ(times.percentile_ms(0.5), 0);
  EXPECT_GT(times.percentile_ms(1), 1e6);
}

Report some_report() {
  Report report{.sending = 10s, .offered = 100, .distinct = 7};
  for (int i = 0; i < 900; ++i)
    report.tally.note_sent(Kind::valid, 148);
  report.tally.note_sent(Kind::garbage, 12);
  report.tally.kinds[index_of(Kind::valid)].with_cookie = 5;
  for (int i = 0; i < 890; ++i)
    report.tally.note_answer(Kind::valid, Answer::response, 2ms);
  report.tally.note_answer(Kind::valid, Answer::cookie, 1ms);
  for (int i = 0; i < 890; ++i)
    report.tally.handshakes.add(2ms);
  return report;
}

TEST(ReportTest, TellsOfEachKindThatWasSent) {
  const std::string text = to_text(some_report());
  EXPECT_THAT(text,
              HasSubstr("sent 901 packets in 10.0 s, 90.1 a second of 100.0 offered; 133212"));
  EXPECT_THAT(text, HasSubstr("valid: 900 sent (5 of them with a cookie), 890 responses, "
                              "0 initiations, 1 cookies, 9 unanswered"));
  EXPECT_THAT(text, HasSubstr("890 handshakes, 89.0 a second"));
  EXPECT_THAT(text, HasSubstr("handshakes took: p50 2.0"));
  EXPECT_THAT(text, Not(HasSubstr("unknown")));
}

TEST(ReportTest, TellsTheSameAsJson) {
  const std::string json = to_json(some_report());
  EXPECT_THAT(json, HasSubstr(R"("kinds":{"valid":{"sent":900,"with_cookie":5,"responses":890,)"
                              R"("initiations":0,"cookies":1,"unanswered":9},"garbage":{)"));
  EXPECT_THAT(json, HasSubstr(R"("handshakes":890,"handshakes_per_second":89.000)"));
  EXPECT_THAT(json, HasSubstr(R"("ended":"packets","failure":null})"));
}

TEST(ReportTest, AFailureIsToldAndQuoted) {
  Report report = some_report();
  report.ended = Ended::failed;
  report.failure = "send \"it\"";
  EXPECT_THAT(to_json(report), HasSubstr(R"("ended":"failed","failure":"send \"it\""})"));
  EXPECT_THAT(to_text(report), HasSubstr("ended by: failed: send \"it\""));
}

} // namespace
} // namespace provisiond::flood
