#include "events/source_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <map>

using namespace std::chrono_literals;

namespace provisiond::events {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// What the machine offers, as the test has it at the moment.
struct Machine {
  struct State {
    std::string cannot_open; // why not
    std::string cannot_watch;
    std::string fails; // at the next read
    Offer offer = Offer::initiations;
    std::vector<std::uint16_t> watched; // interfaces
    std::vector<PeerId> refused;
    int open = 0;
    int attempts = 0;        // to watch
    std::size_t waiting = 0; // sightings
    std::uint64_t drops = 0;
  };
  std::map<SourceKind, State> sources;
};

class FakeSourceOf final : public Source {
 public:
  FakeSourceOf(SourceKind kind, Machine::State& state)
      : kind_{kind}, state_{state}, fd_{::eventfd(0, EFD_CLOEXEC)} {
    ++state_.open;
  }
  ~FakeSourceOf() override {
    --state_.open;
    state_.watched.clear();
  }
  [[nodiscard]] SourceKind kind() const override { return kind_; }
  [[nodiscard]] int fd() const override { return fd_.get(); }
  Offer offer(const WatchedInterface&) override { return state_.offer; }
  Status watch(const WatchedInterface& interface) override {
    ++state_.attempts;
    if (!state_.cannot_watch.empty()) return fail(Error{state_.cannot_watch});
    std::erase(state_.watched, interface.id.value);
    state_.watched.push_back(interface.id.value);
    return {};
  }
  Status unwatch(InterfaceId interface) override {
    std::erase(state_.watched, interface.value);
    return {};
  }
  Status read(const Instant&, std::vector<Sighting>& sink) override {
    if (!state_.fails.empty()) return fail(Error{state_.fails});
    sink.resize(sink.size() + std::exchange(state_.waiting, 0));
    return {};
  }
  void refuse(const PeerId& id, TimePoint) override { state_.refused.push_back(id); }
  Result<SourceStatistics> statistics() override {
    return SourceStatistics{.kernel_drops = state_.drops};
  }

 private:
  SourceKind kind_;
  Machine::State& state_;
  UniqueFd fd_;
};

class Sources : public testing::Test {
 protected:
  void make(std::vector<SourcePreference> preferences) {
    SourceSet::Openers openers;
    for (const SourceKind kind : {SourceKind::capture, SourceKind::probe, SourceKind::netlink}) {
      Machine::State& state = machine_.sources[kind];
      openers[static_cast<std::size_t>(kind)] = [&state,
                                                 kind]() -> Result<std::unique_ptr<Source>> {
        if (!state.cannot_open.empty()) return fail(Error{state.cannot_open});
        return std::make_unique<FakeSourceOf>(kind, state);
      };
    }
    set_ = SourceSet::open(std::move(openers), preferences, metrics_).value();
  }
  Status watch(std::uint16_t id) {
    return set_->watch({.id = InterfaceId{id}, .ifindex = id + 1U, .listen_port = 51820}, now_);
  }
  void read() {
    std::vector<Sighting> sink;
    set_->read({.steady = now_, .wall = {}}, sink);
    read_ = sink.size();
  }
  Machine::State& capture() { return machine_.sources[SourceKind::capture]; }
  Machine::State& probe() { return machine_.sources[SourceKind::probe]; }
  Machine::State& netlink() { return machine_.sources[SourceKind::netlink]; }
  std::optional<SourceKind> source() { return set_->source_of(InterfaceId{0}); }

  metrics::Metrics metrics_;
  Machine machine_;
  std::unique_ptr<SourceSet> set_;
  TimePoint now_ = TimePoint{} + 1h;
  std::size_t read_ = 0;
};

TEST_F(Sources, AutomaticPrefersNetlinkWithBytesThenProbeThenCapture) {
  make({{}});
  ASSERT_TRUE(watch(0));
  EXPECT_EQ(source(), SourceKind::netlink);

  netlink().offer = Offer::claims;
  make({{}});
  ASSERT_TRUE(watch(0));
  EXPECT_EQ(source(), SourceKind::probe);

  probe().cannot_watch = "no BTF";
  make({{}});
  ASSERT_TRUE(watch(0));
  EXPECT_EQ(source(), SourceKind::capture);
  const std::vector<SourceRemark> remarks = set_->take_remarks();
  ASSERT_EQ(remarks.size(), 1U);
  EXPECT_THAT(remarks[0].reason, HasSubstr("netlink: announces mere keys"));
  EXPECT_THAT(remarks[0].reason, HasSubstr("probe: no BTF"));
}

TEST_F(Sources, ChosenNetlinkTakesClaims) {
  netlink().offer = Offer::claims;
  make({{.choice = SourceChoice::netlink}});
  ASSERT_TRUE(watch(0));
  EXPECT_EQ(source(), SourceKind::netlink);
}

TEST_F(Sources, OnlyWhatIsUsedIsOpen) {
  make({{.choice = SourceChoice::capture}, {.choice = SourceChoice::probe}});
  ASSERT_TRUE(watch(0));
  ASSERT_TRUE(watch(1));
  EXPECT_EQ(netlink().open + probe().open + capture().open, 2);
  EXPECT_EQ(metrics_.source_interfaces[SourceKind::probe].value(), 1);
  set_->unwatch(InterfaceId{1});
  EXPECT_EQ(probe().open, 0);
  EXPECT_EQ(metrics_.source_interfaces[SourceKind::probe].value(), 0);
  EXPECT_THAT(capture().watched, ElementsAre(0));
}

TEST_F(Sources, NoneAtAllIsAnErrorThatNamesEach) {
  netlink().cannot_open = "A";
  probe().cannot_open = "B";
  capture().cannot_open = "C";
  make({{}});
  const Status status = watch(0);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), HasSubstr("netlink: A; probe: B; capture: C"));
}

TEST_F(Sources, AFailedOneIsReplacedAtOnceForAllItServed) {
  netlink().cannot_open = "no group";
  make({{}, {}, {.choice = SourceChoice::capture}});
  ASSERT_TRUE(watch(0) && watch(1) && watch(2));
  static_cast<void>(set_->take_remarks());
  probe().fails = "gone";
  probe().cannot_open = "gone";
  read();
  EXPECT_EQ(source(), SourceKind::capture);
  EXPECT_EQ(set_->source_of(InterfaceId{1}), SourceKind::capture);
  EXPECT_EQ(metrics_.source_failures[SourceKind::probe].value(), 1U);
  EXPECT_THAT(capture().watched, UnorderedElementsAre(0, 1, 2));
  std::vector<SourceRemark::Kind> kinds;
  for (const SourceRemark& remark : set_->take_remarks())
    kinds.push_back(remark.kind);
  using Kind = SourceRemark::Kind;
  EXPECT_THAT(kinds, ElementsAre(Kind::failed, Kind::serves, Kind::failed, Kind::serves));
}

TEST_F(Sources, AFailedOneThatCanBeOpenedIsNotTakenAgainAtOnce) {
  netlink().cannot_open = "no group";
  make({{}});
  ASSERT_TRUE(watch(0));
  probe().fails = "gone";
  read();
  EXPECT_EQ(source(), SourceKind::capture);
  read();
  EXPECT_EQ(metrics_.source_failures[SourceKind::probe].value(), 1U);
  probe() = {};
  set_->check(now_ + 5s);
  EXPECT_EQ(source(), SourceKind::probe);
}

TEST_F(Sources, TheOnlyOneThatWorksIsMadeAnew) {
  netlink().cannot_open = "no group";
  probe().cannot_open = "no BTF";
  make({{}});
  ASSERT_TRUE(watch(0));
  capture().fails = "the interface is down";
  const int before = capture().attempts;
  read();
  EXPECT_EQ(source(), SourceKind::capture);
  EXPECT_EQ(capture().attempts - before, 1);
  EXPECT_THAT(capture().watched, ElementsAre(0));
}

TEST_F(Sources, TheBetterOneIsTakenUpAgainWhenItWorks) {
  netlink().cannot_open = "no group";
  make({{}});
  ASSERT_TRUE(watch(0));
  probe().fails = "gone";
  probe().cannot_open = "gone";
  read();
  ASSERT_EQ(source(), SourceKind::capture);
  probe() = {};
  set_->check(now_ + 4s);
  EXPECT_EQ(source(), SourceKind::capture) << "not before its time";
  set_->check(now_ + 5s);
  EXPECT_EQ(source(), SourceKind::probe);
  EXPECT_EQ(capture().open, 0);
}

TEST_F(Sources, AttemptsBecomeRarer) {
  netlink().cannot_open = "no group";
  probe().cannot_watch = "no BTF";
  make({{}});
  ASSERT_TRUE(watch(0));
  const int before = probe().attempts;
  for (Duration after = 1s; after <= 200s; after += 1s)
    set_->check(now_ + after);
  // After 5, 15, 35, 75, 135 and 195 s.
  EXPECT_EQ(probe().attempts - before, 6);
  EXPECT_EQ(source(), SourceKind::capture);
}

TEST_F(Sources, ACrossCheckHasASecondThatIsReplacedToo) {
  netlink().cannot_open = "no group";
  make({{.choice = SourceChoice::automatic, .cross_check = true}});
  ASSERT_TRUE(watch(0));
  EXPECT_THAT(probe().watched, ElementsAre(0));
  EXPECT_THAT(capture().watched, ElementsAre(0));
  capture().fails = "gone";
  read();
  EXPECT_EQ(source(), SourceKind::probe);
  EXPECT_EQ(capture().open, 0);
  capture() = {};
  set_->check(now_ + 5s);
  EXPECT_THAT(capture().watched, ElementsAre(0));
  set_->unwatch(InterfaceId{0});
  EXPECT_EQ(probe().open + capture().open, 0);
}

TEST_F(Sources, ABurstOfLossesIsToldOnce) {
  make({{.choice = SourceChoice::probe}});
  ASSERT_TRUE(watch(0));
  static_cast<void>(set_->take_remarks());
  std::vector<std::string> told;
  for (const std::uint64_t drops : {0U, 5U, 9U, 9U, 12U}) {
    probe().drops = drops;
    set_->check(now_);
    for (const SourceRemark& remark : set_->take_remarks())
      told.push_back(remark.reason);
  }
  EXPECT_THAT(told, ElementsAre("5", "3"));
}

TEST_F(Sources, SightingsAndRefusalsPassThrough) {
  make({{.choice = SourceChoice::probe}, {.choice = SourceChoice::capture}});
  ASSERT_TRUE(watch(0) && watch(1));
  probe().waiting = 2;
  capture().waiting = 3;
  read();
  EXPECT_EQ(read_, 5U);
  set_->refuse({.interface = InterfaceId{0}, .key = {}}, now_ + 30s);
  EXPECT_EQ(probe().refused.size(), 1U);
}

TEST_F(Sources, AnInterfaceThatMovedStaysWithItsSource) {
  make({{.choice = SourceChoice::probe}});
  ASSERT_TRUE(watch(0));
  static_cast<void>(set_->take_remarks());
  ASSERT_TRUE(watch(0));
  EXPECT_THAT(set_->take_remarks(), IsEmpty());
  probe().cannot_watch = "no such interface";
  ASSERT_TRUE(watch(0)) << "the next one";
  EXPECT_EQ(source(), SourceKind::netlink);
}

} // namespace
} // namespace provisiond::events
