#include "flow/report.hpp"
#include "support/captured_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace provisiond::flow {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::size_t megabyte = 1'000'000;

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    interface_.name = "fifteen-letters";
    sighting_.source = *Endpoint::parse("[2001:db8:1111:2222:3333:4444:5555:6666]:51820");
    sighting_.seen_at = now_;
  }

  void refuse(Refusal refusal) {
    report_.refused(interface_, sighting_, refusal, PublicKey{}, now_);
  }
  static int count(const std::string& text, const std::string& part) {
    int found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++found;
    return found;
  }

  metrics::Metrics metrics_;
  Report report_{metrics_};
  Interface interface_;
  Sighting sighting_;
  TimePoint now_{1h};
};

TEST_F(ReportTest, a_single_refusal_is_one_line) {
  test::capture_log();
  refuse(Refusal::unknown_key);
  report_.summarise(now_ += 10s);
  const std::string log = test::captured_log();
  EXPECT_THAT(log, HasSubstr(" refused reason=unknown_key "));
  EXPECT_EQ(count(log, "\n"), 1);
}

TEST_F(ReportTest, a_flood_is_ten_lines_a_minute_and_how_many_more) {
  report_.summarise(now_);
  test::capture_log();
  for (int i = 0; i < 13'200; ++i)
    refuse(Refusal::unknown_key);
  report_.summarise(now_ + 59s);
  report_.summarise(now_ + 60s);
  const std::string log = test::captured_log();
  EXPECT_EQ(count(log, " refused reason=unknown_key "), 10);
  EXPECT_THAT(log, HasSubstr(" refused, lines left out reason=unknown_key count=13190\n"));
  EXPECT_EQ(metrics_.log_lines_suppressed.value(), 13'190U);
  EXPECT_EQ(metrics_.refusals[Refusal::unknown_key].value(), 13'200U);
}

TEST_F(ReportTest, an_hour_of_every_reason_is_less_than_a_megabyte) {
  test::capture_log();
  for (int second = 0; second < 3'600; ++second) {
    now_ += 1s;
    for (int i = 0; i < 20; ++i) {
      for (std::size_t reason = 0; reason < refusal_names.size(); ++reason)
        refuse(static_cast<Refusal>(reason));
      report_.installed_on_trial(interface_, sighting_, PublicKey{}, now_);
      report_.removed(interface_, PublicKey{}, to_string(Refusal::trial_failed));
    }
    if (second % 10 == 0) report_.summarise(now_);
  }
  const std::string log = test::captured_log();
  EXPECT_LT(log.size(), megabyte);
  EXPECT_GT(count(log, " refused reason=unknown_key "), 60);
  RecordProperty("bytes", static_cast<int>(log.size()));
}

} // namespace
} // namespace provisiond::flow
