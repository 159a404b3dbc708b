#include "support/fake_wg_device.hpp"
#include "watch/reader.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

namespace provisiond::watch {
namespace {

TEST(Reader, AnswersEveryOrderAndEndsWhenTold) {
  Channel<Reading> readings{4};
  Result<std::unique_ptr<Reader>> reader =
      Reader::start({3}, "no-such-wg", {}, {.readings = readings});
  ASSERT_TRUE(reader);
  for (const Question question : {Question::identity, Question::peers, Question::both}) {
    ASSERT_TRUE((*reader)->ask({.question = question, .ifindex = 12}));
    const std::vector<Reading> answered = readings.take(1);
    ASSERT_EQ(answered.size(), 1U);
    EXPECT_EQ(answered[0].interface.value, 3);
    EXPECT_LE(answered[0].begin, answered[0].end);
    EXPECT_EQ(answered[0].identity.has_value(), question != Question::peers);
    EXPECT_EQ(answered[0].peers.has_value(), question == Question::peers);
    if (answered[0].peers) {
      EXPECT_FALSE(*answered[0].peers) << "there is no such device";
    }
  }
  (*reader)->stop();
  EXPECT_FALSE((*reader)->ask({})) << "it is told to stop";
}

// A reader of a device that is the test's, opened once unless `open` is told otherwise.
class ReaderOfFakes : public testing::Test {
 protected:
  ReaderOfFakes() {
    device = made.get();
    std::vector<kernel::PeerChange> changes(2);
    changes[0].key.bytes.fill(1);
    changes[1].key.bytes.fill(2);
    static_cast<void>(device->apply(changes));
  }

  Result<std::unique_ptr<kernel::WgDevice>> open() {
    ++opened;
    if (!made) return fail(Error::system("open", ENODEV));
    return std::move(made);
  }
  Reading ask(Question question, std::uint32_t ifindex = 7) {
    EXPECT_TRUE(reader->ask({.question = question, .ifindex = ifindex}));
    std::vector<Reading> taken = readings.take(1);
    return std::move(taken.at(0));
  }

  std::unique_ptr<test::FakeWgDevice> made = std::make_unique<test::FakeWgDevice>();
  test::FakeWgDevice* device = nullptr;
  int opened = 0; // the reader's thread counts, the test looks once it has answered
  Channel<Reading> readings{4};
  std::unique_ptr<Reader> reader =
      Reader::start({0}, "wg0", {},
                    {.readings = readings,
                     .open_device = [this](const std::string&, kernel::Backend) { return open(); }})
          .value();
};

TEST_F(ReaderOfFakes, HandsOverAnIncompleteListAsSuch) {
  device->interrupt_next_dumps(1, [](const PublicKey& key) { return key.bytes[0] == 2; });
  const Reading incomplete = ask(Question::peers);
  ASSERT_TRUE(*incomplete.peers);
  EXPECT_FALSE((*incomplete.peers)->is_complete);
  EXPECT_EQ((*incomplete.peers)->peers.size(), 1U);
  const Reading complete = ask(Question::peers);
  ASSERT_TRUE(*complete.peers);
  EXPECT_TRUE((*complete.peers)->is_complete);
  EXPECT_EQ(opened, 1) << "the same handle";
}

TEST_F(ReaderOfFakes, TheFirstQuestionIsForBoth) {
  PublicKey key;
  key.bytes.fill(7);
  device->set_private_key(key.bytes);
  EXPECT_EQ((*ask(Question::both, 0).peers)->peers.size(), 2U);
  device->set_listen_port(0);
  EXPECT_FALSE(ask(Question::both).peers) << "it cannot be served";
}

TEST_F(ReaderOfFakes, KnowsADeviceByTheNumberThatItHasSaid) {
  EXPECT_TRUE(*ask(Question::both, 0).identity);
  EXPECT_TRUE(*ask(Question::identity, 7).identity);
  EXPECT_EQ(opened, 1);
}

TEST_F(ReaderOfFakes, OpensADeviceAnewAfterAFailure) {
  device->fail_next_dumps(1, ETIMEDOUT);
  const Reading failed = ask(Question::peers);
  ASSERT_FALSE(*failed.peers);
  EXPECT_EQ(failed.peers->error().code(), ETIMEDOUT);
  EXPECT_EQ(ask(Question::peers).peers->error().code(), ENODEV);
  EXPECT_EQ(opened, 2);
}

TEST_F(ReaderOfFakes, LooksOnceMoreForADeviceThatIsGone) {
  EXPECT_TRUE(*ask(Question::identity).identity);
  device->delete_interface();
  EXPECT_EQ(ask(Question::identity).identity->error().code(), ENODEV);
  EXPECT_EQ(opened, 2) << "another one may have its name";
}

TEST_F(ReaderOfFakes, OpensAnotherDeviceUnderTheSameName) {
  EXPECT_TRUE(*ask(Question::peers, 7).peers);
  EXPECT_FALSE(*ask(Question::peers, 8).peers);
  EXPECT_EQ(opened, 2);
}

TEST_F(ReaderOfFakes, AnswersForADeviceThatHungOnceItIsReleased) {
  device->hang();
  ASSERT_TRUE(reader->ask({.question = Question::peers, .ifindex = 7}));
  device->wait_until_it_hangs();
  EXPECT_EQ(readings.size(), 0U);
  device->release();
  EXPECT_TRUE(*readings.take(1).at(0).peers);
}

} // namespace
} // namespace provisiond::watch
