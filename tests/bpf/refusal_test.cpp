// The probe's refusals, run in this machine's kernel by BPF_PROG_TEST_RUN: no packet, no WireGuard,
// but root.

#include "refusal_test.h"

#include "base/endpoint.hpp"
#include "refusal_test.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace provisiond {
namespace {

constexpr std::uint64_t interval = 1'000'000; // one token in a millisecond
constexpr std::uint64_t burst = 3;
constexpr std::uint64_t start = 1'000'000'000;

class Refusals : public testing::Test {
 protected:
  void SetUp() override {
    skeleton_.reset(refusal_test_bpf__open());
    ASSERT_NE(skeleton_, nullptr);
    skeleton_->rodata->prefix_interval_ns = interval;
    skeleton_->rodata->prefix_allowance_ns = interval * (burst - 1);
    const IpAddress translator = IpAddress::parse("64:ff9b::").value();
    translated_prefix& translated = skeleton_->rodata->translated_prefixes[1];
    std::copy_n(translator.bytes.begin(), sizeof translated.address, translated.address);
    translated.bytes = 12;
    bpf_map__set_max_entries(skeleton_->maps.refused, 128);
    ASSERT_EQ(refusal_test_bpf__load(skeleton_.get()), 0) << "needs root, or CAP_BPF";
  }

  static refusal_question question(const char* from, std::uint64_t now, std::uint8_t key = 1) {
    refusal_question question{};
    question.now = now;
    question.key.public_key[0] = key;
    question.key.epoch = 7;
    const IpAddress address = IpAddress::parse(from).value();
    question.is_ipv6 = address.family == IpAddress::Family::v6 ? 1 : 0;
    std::copy(address.bytes.begin(), address.bytes.end(), question.address);
    return question;
  }

  int ask(const refusal_question& question) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &question, .data_size_in = sizeof question);
    const int run = bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.ask), &options);
    EXPECT_EQ(run, 0) << "error " << -run;
    return static_cast<int>(options.retval);
  }

  void refuse(std::uint8_t key, std::uint32_t epoch, std::uint64_t until) {
    refused_key refused{};
    refused.public_key[0] = key;
    refused.epoch = epoch;
    ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(skeleton_->maps.refused), &refused, &until, BPF_ANY),
              0);
  }

  void share(const char* address, std::uint32_t length) {
    shared_prefix prefix{};
    const IpAddress parsed = IpAddress::parse(address).value();
    std::copy(parsed.bytes.begin(), parsed.bytes.end(), prefix.address);
    prefix.length = length;
    const std::uint8_t yes = 1;
    ASSERT_EQ(
        bpf_map_update_elem(bpf_map__fd(skeleton_->maps.shared_prefixes), &prefix, &yes, BPF_ANY),
        0);
  }

  struct Destroy {
    void operator()(refusal_test_bpf* skeleton) const { refusal_test_bpf__destroy(skeleton); }
  };
  std::unique_ptr<refusal_test_bpf, Destroy> skeleton_;
};

TEST_F(Refusals, AKeyIsRefusedUntilItsTime) {
  EXPECT_EQ(ask(question("192.0.2.1", start)), REFUSAL_NONE);
  refuse(1, 7, start + 100);
  EXPECT_EQ(ask(question("192.0.2.1", start + 99)), REFUSAL_KEY);
  EXPECT_EQ(ask(question("192.0.2.1", start + 100)), REFUSAL_NONE);
  EXPECT_EQ(ask(question("192.0.2.1", start, 2)), REFUSAL_NONE) << "another key";
}

TEST_F(Refusals, AnEarlierWatchRefusesNothing) {
  refuse(1, 6, start + 100);
  EXPECT_EQ(ask(question("192.0.2.1", start)), REFUSAL_NONE);
}

TEST_F(Refusals, TheTableNeverGrows) {
  for (int key = 0; key < 256; ++key)
    refuse(static_cast<std::uint8_t>(key), 7, start + 100);
  int refused = 0;
  for (int key = 0; key < 256; ++key) {
    // Each from a network of its own, so that no budget interferes.
    const std::string from = "10.0." + std::to_string(key) + ".1";
    refused += ask(question(from.c_str(), start, static_cast<std::uint8_t>(key))) == REFUSAL_KEY;
  }
  EXPECT_LE(refused, 128);
  EXPECT_GE(refused, 1);
}

TEST_F(Refusals, ANetworkHasItsBurstAndThenItsRate) {
  for (std::uint64_t i = 0; i < burst; ++i)
    EXPECT_EQ(ask(question("192.0.2.1", start)), REFUSAL_NONE) << i;
  EXPECT_EQ(ask(question("192.0.2.200", start)), REFUSAL_BUDGET) << "the same /24";
  EXPECT_EQ(ask(question("192.0.3.1", start)), REFUSAL_NONE) << "the next /24";
  EXPECT_EQ(ask(question("192.0.2.1", start + interval - 1)), REFUSAL_BUDGET);
  EXPECT_EQ(ask(question("192.0.2.1", start + interval)), REFUSAL_NONE);
}

TEST_F(Refusals, Ipv6IsBudgetedPer48) {
  for (std::uint64_t i = 0; i < burst; ++i)
    EXPECT_EQ(ask(question("2001:db8:1:2::3", start)), REFUSAL_NONE) << i;
  EXPECT_EQ(ask(question("2001:db8:1:ffff::3", start)), REFUSAL_BUDGET);
  EXPECT_EQ(ask(question("2001:db8:2::3", start)), REFUSAL_NONE);
}

TEST_F(Refusals, ATranslatedSourceHasTheBudgetOfItsIpv4Network) {
  for (std::uint64_t i = 0; i < burst; ++i)
    EXPECT_EQ(ask(question("64:ff9b::192.0.2.1", start)), REFUSAL_NONE) << i;
  EXPECT_EQ(ask(question("64:ff9b::192.0.2.200", start)), REFUSAL_BUDGET) << "the same /24";
  EXPECT_EQ(ask(question("192.0.2.7", start)), REFUSAL_BUDGET) << "untranslated it is the same";
  EXPECT_EQ(ask(question("64:ff9b::192.0.3.1", start)), REFUSAL_NONE) << "the next /24";
  share("::ffff:198.51.100.0", 96 + 24);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(ask(question("64:ff9b::198.51.100.77", start)), REFUSAL_NONE);
}

TEST_F(Refusals, SharedPrefixesHaveNoBudget) {
  share("::ffff:198.51.100.0", 96 + 24);
  share("2001:db8:9::", 48);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ask(question("198.51.100.77", start)), REFUSAL_NONE);
    EXPECT_EQ(ask(question("2001:db8:9:1::1", start)), REFUSAL_NONE);
  }
}

TEST_F(Refusals, ARefusedKeySpendsNoBudget) {
  refuse(1, 7, start + 100);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(ask(question("192.0.2.1", start)), REFUSAL_KEY);
  EXPECT_EQ(ask(question("192.0.2.1", start, 2)), REFUSAL_NONE);
}

} // namespace
} // namespace provisiond
