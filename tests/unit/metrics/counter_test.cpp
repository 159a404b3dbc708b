#include "metrics/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace provisiond::metrics {
namespace {

template <class Function>
void on_threads(std::size_t count, const Function& function) {
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    threads.emplace_back(function);
  for (std::thread& thread : threads)
    thread.join();
}

TEST(Counter, adds) {
  Counter counter;
  EXPECT_EQ(counter.value(), 0);
  counter.add();
  counter.add(41);
  EXPECT_EQ(counter.value(), 42);
}

TEST(Counter, loses_nothing_between_threads) {
  Counter counter;
  on_threads(4, [&counter] {
    for (int i = 0; i < 20'000; ++i)
      counter.add();
  });
  EXPECT_EQ(counter.value(), 80'000);
}

TEST(Gauge, goes_up_and_down) {
  Gauge gauge;
  gauge.set(5);
  gauge.add(2);
  gauge.add(-10);
  EXPECT_EQ(gauge.value(), -3);
}

TEST(Family, counts_each_enumerator_on_its_own) {
  CounterFamily<Refusal> refusals;
  refusals[Refusal::bad_mac1].add(3);
  refusals[Refusal::trial_failed].add();
  EXPECT_EQ(refusals[Refusal::bad_mac1].value(), 3);
  EXPECT_EQ(refusals[Refusal::trial_failed].value(), 1);
  EXPECT_EQ(refusals[Refusal::forged].value(), 0);
  EXPECT_EQ(refusals.all().back().value(), 1);
}

template <class Family>
void expect_distinct_names() {
  const std::set<std::string_view> distinct{Family::names.begin(), Family::names.end()};
  EXPECT_EQ(distinct.size(), Family::names.size());
  for (const std::string_view name : Family::names)
    EXPECT_THAT(std::string{name}, testing::MatchesRegex("[a-z][a-z0-9_]*"));
}

TEST(Family, names_are_complete_and_distinct) {
  expect_distinct_names<CounterFamily<SightingDrop>>();
  expect_distinct_names<CounterFamily<wire::FrameFault>>();
  expect_distinct_names<CounterFamily<Refusal>>();
  expect_distinct_names<CounterFamily<GreetingKind>>();
  expect_distinct_names<GaugeFamily<Table>>();
}

TEST(Family, a_name_stands_for_its_enumerator) {
  const GaugeFamily<Table> tables;
  EXPECT_EQ(tables.names[static_cast<std::size_t>(Table::recent_initiations)],
            "recent_initiations");
  EXPECT_EQ(CounterFamily<GreetingKind>::names[static_cast<std::size_t>(GreetingKind::resubmit)],
            "resubmit");
  for (std::size_t i = 0; i < refusal_names.size(); ++i)
    EXPECT_EQ(CounterFamily<Refusal>::names[i], to_string(static_cast<Refusal>(i)));
}

TEST(Metrics, many_threads_count_into_one_object) {
  const std::unique_ptr<Metrics> metrics = std::make_unique<Metrics>();
  on_threads(4, [&metrics] {
    for (int i = 0; i < 5'000; ++i) {
      metrics->refusals[Refusal::forged].add();
      metrics->lookup_duration.observe(std::chrono::microseconds{20});
      metrics->peers.add(1);
    }
  });
  EXPECT_EQ(metrics->refusals[Refusal::forged].value(), 20'000);
  EXPECT_EQ(metrics->lookup_duration.snapshot().cumulative.back(), 20'000);
  EXPECT_EQ(metrics->peers.value(), 20'000);
}

} // namespace
} // namespace provisiond::metrics
