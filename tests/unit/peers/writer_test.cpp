#include "peers/writer.hpp"
#include "support/fake_wg_device.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

namespace provisiond::peers {
namespace {

PublicKey key_of(std::uint8_t fill) {
  PublicKey key;
  key.bytes.fill(fill);
  return key;
}

Batch batch_of(std::initializer_list<std::uint8_t> fills, std::uint32_t ifindex = 7) {
  Batch batch{.interface = {2}, .ifindex = ifindex, .generation = 5, .changes = {}};
  for (const std::uint8_t fill : fills) {
    QueuedChange& queued = batch.changes.emplace_back();
    queued.change.key = key_of(fill);
    queued.purpose = Purpose::create;
  }
  return batch;
}

class WriterOfFakes : public testing::Test {
 protected:
  Result<std::unique_ptr<kernel::WgDevice>> open() {
    if (!made) return fail(Error::system("open", ENODEV));
    return std::move(made);
  }

  std::unique_ptr<test::FakeWgDevice> made = std::make_unique<test::FakeWgDevice>();
  test::FakeWgDevice* device = made.get();
  Channel<Acknowledgement> acknowledgements{4};
  std::unique_ptr<Writer> writer =
      Writer::start("wg0", {},
                    {.acknowledgements = acknowledgements,
                     .open_device = [this](const std::string&, kernel::Backend) { return open(); }})
          .value();
};

TEST_F(WriterOfFakes, AppliesABatchAndGivesItBackWithOneStatusAChange) {
  device->set_private_key(key_of(9).bytes);
  device->fail_next_changes(1, EINVAL);
  ASSERT_TRUE(writer->submit(batch_of({1, 2})));
  const std::vector<Acknowledgement> acknowledged = acknowledgements.take(1);
  ASSERT_EQ(acknowledged.size(), 1U);
  EXPECT_EQ(acknowledged[0].batch.interface.value, 2);
  EXPECT_EQ(acknowledged[0].batch.generation, 5U);
  ASSERT_EQ(acknowledged[0].batch.changes.size(), 2U);
  EXPECT_EQ(acknowledged[0].batch.changes[1].change.key, key_of(2));
  ASSERT_EQ(acknowledged[0].statuses.size(), 2U);
  EXPECT_EQ(acknowledged[0].statuses[0].error().code(), EINVAL);
  EXPECT_TRUE(acknowledged[0].statuses[1]);
  EXPECT_EQ(device->peer_count(), 1U);
}

TEST_F(WriterOfFakes, EachChangeOfADeviceThatCannotBeOpenedFails) {
  ASSERT_TRUE(writer->submit(batch_of({1})));
  ASSERT_TRUE(acknowledgements.take(1).at(0).statuses.at(0));
  ASSERT_TRUE(writer->submit(batch_of({1, 2}, 8)));
  const std::vector<Acknowledgement> acknowledged = acknowledgements.take(1);
  ASSERT_EQ(acknowledged.at(0).statuses.size(), 2U);
  EXPECT_EQ(acknowledged[0].statuses[1].error().code(), ENODEV);
}

TEST_F(WriterOfFakes, ADeviceThatHangsIsHandedNoMoreThanTwoBatches) {
  device->hang();
  ASSERT_TRUE(writer->submit(batch_of({1})));
  device->wait_until_it_hangs();
  EXPECT_TRUE(writer->submit(batch_of({2})));
  EXPECT_TRUE(writer->submit(batch_of({3})));
  Batch refused = batch_of({4});
  EXPECT_FALSE(writer->submit(std::move(refused)));
  EXPECT_EQ(refused.changes.size(), 1U) << "untouched"; // NOLINT(bugprone-use-after-move)
  device->release();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(acknowledgements.take(1).size(), 1U);
}

} // namespace
} // namespace provisiond::peers
