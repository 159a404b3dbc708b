#include "metrics/exposer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

namespace provisiond::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

class Render : public testing::Test {
 protected:
  std::string render_now() { return render(about_, *metrics_); }

  std::unique_ptr<Metrics> metrics_ = std::make_unique<Metrics>();
  About about_{"1.2.3", WallTime{std::chrono::milliseconds{1'700'000'000'500}}};
};

TEST_F(Render, a_counter_has_help_type_and_value) {
  metrics_->proofs.add(7);
  EXPECT_THAT(
      render_now(),
      HasSubstr(
          "# HELP wg_provisiond_proofs_total Initiations whose sender holds the private key.\n"
          "# TYPE wg_provisiond_proofs_total counter\n"
          "wg_provisiond_proofs_total 7\n"));
}

TEST_F(Render, a_family_has_a_line_for_each_label_value) {
  metrics_->refusals[Refusal::unknown_key].add(2);
  const std::string text = render_now();
  for (const std::string_view reason : refusal_names) {
    const std::string value = reason == "unknown_key" ? " 2\n" : " 0\n";
    EXPECT_THAT(text, HasSubstr("\nwg_provisiond_refusals_total{reason=\"" + std::string{reason} +
                                "\"}" + value));
  }
}

TEST_F(Render, a_gauge_may_be_labelled_and_negative) {
  metrics_->table_entries[Table::replay].set(9);
  metrics_->peers.set(-1);
  const std::string text = render_now();
  EXPECT_THAT(text, HasSubstr("# TYPE wg_provisiond_table_entries gauge\n"));
  EXPECT_THAT(text, HasSubstr("\nwg_provisiond_table_entries{table=\"replay\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("\nwg_provisiond_peers -1\n"));
}

TEST_F(Render, a_histogram_is_cumulative_in_seconds) {
  metrics_->install_duration.observe(std::chrono::microseconds{10});
  metrics_->install_duration.observe(std::chrono::milliseconds{500});
  metrics_->install_duration.observe(std::chrono::seconds{60});
  const std::string text = render_now();
  const std::string name = "wg_provisiond_install_duration_seconds";
  EXPECT_THAT(text, HasSubstr("# TYPE " + name + " histogram\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"1e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"0.25\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"0.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_count 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_sum 60.50001"));
}

TEST_F(Render, says_what_runs_and_since_when) {
  const std::string text = render_now();
  EXPECT_THAT(text, HasSubstr("\nwg_provisiond_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nprocess_start_time_seconds 1700000000.5\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nprocess_resident_memory_bytes 0\n")));
  EXPECT_THAT(text, HasSubstr("\nwg_provisiond_thread_cpu_seconds_total{thread=\""));
}

TEST(AllSeries, follow_the_naming_rules) {
  std::set<std::string_view> names;
  for (const Series& series : all_series()) {
    SCOPED_TRACE(series.name);
    EXPECT_TRUE(names.insert(series.name).second);
    EXPECT_TRUE(series.name.starts_with("wg_provisiond_") || series.name.starts_with("process_"));
    EXPECT_EQ(series.name.ends_with("_total"), series.kind == Kind::counter);
    EXPECT_TRUE(series.kind != Kind::histogram || series.name.ends_with("_seconds"));
    EXPECT_TRUE(series.help.ends_with("."));
  }
}

TEST(AllSeries, label_values_are_documented) {
  std::ifstream file{PROVISIOND_SOURCE_DIR "/docs/metrics.md"};
  std::stringstream text;
  text << file.rdbuf();
  const Metrics metrics;
  const About about{};
  const ProcessReadings process{};
  for (const Series& series : all_series()) {
    if (series.label.empty() || series.label == "version") continue;
    for (const Reading& reading : series.read(Scrape{metrics, about, process}))
      EXPECT_THAT(text.str(), HasSubstr("`" + reading.label_value + "`")) << series.name;
  }
}

// 192.0.2.0/24 is documentation only: no machine has it, so nothing is ever opened.
TEST(Exposer, says_why_it_cannot_listen) {
  const Metrics metrics;
  const std::optional<Endpoint> listen = Endpoint::parse("192.0.2.1:9587");
  ASSERT_TRUE(listen);
  const Result<std::unique_ptr<Exposer>> exposer = Exposer::open(*listen, About{}, metrics);
  ASSERT_FALSE(exposer);
  EXPECT_EQ(exposer.error().message(),
            "metrics: 192.0.2.1:9587: Cannot assign requested address; set metrics.listen or "
            "metrics.enabled: false");
  EXPECT_EQ(exposer.error().code(), EADDRNOTAVAIL);
}

} // namespace
} // namespace provisiond::metrics
