#include "authenticate/mac.hpp"
#include "authenticate/responder.hpp"
#include "flood/supply.hpp"
#include "initiator/initiation.hpp"
#include "initiator/key_file.hpp"
#include "wire/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <variant>

namespace provisiond::flood {
namespace {

using authenticate::Claim;
using authenticate::Responder;

// A file of this test's own, gone with it.
class KeyFile {
 public:
  explicit KeyFile(const std::vector<Secret<32>>& keys)
      : path_{std::filesystem::temp_directory_path() /
              ("flood-supply-test." + std::to_string(::getpid()))} {
    EXPECT_TRUE(initiator::write_private_keys(path_, keys));
  }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  ~KeyFile() { std::filesystem::remove(path_); }

  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class SupplyTest : public ::testing::Test {
 protected:
  Order order(Kind kind, std::size_t distinct) {
    return {.kinds = {kind}, .gateway = gateway_.public_key, .distinct = distinct};
  }
  // What the gateway would say: the key that is proven, or why not.
  std::variant<PublicKey, Refusal> judge(std::span<const std::uint8_t> packet) {
    InitiationBytes initiation{};
    std::ranges::copy(packet, initiation.begin());
    if (!authenticate::has_valid_mac1(*identity_, initiation)) return Refusal::bad_mac1;
    std::variant<Claim, Refusal> claim = Responder::claim(*identity_, initiation);
    if (const Refusal* refusal = std::get_if<Refusal>(&claim)) return *refusal;
    const std::variant<ProvenKey, Refusal> proven =
        Responder::prove(*identity_, initiation, std::get<Claim>(std::move(claim)));
    if (const Refusal* refusal = std::get_if<Refusal>(&proven)) return *refusal;
    return std::get<ProvenKey>(proven).key();
  }
  // The bytes of so many, taken in turn.
  static std::vector<initiator::Payload> take(Supply& supply, Kind kind, std::size_t count) {
    std::vector<initiator::Payload> taken;
    while (taken.size() < count)
      taken.push_back(supply.at(supply.next(kind)).bytes);
    return taken;
  }

  const initiator::KeyPair gateway_ = initiator::make_key_pair(1);
  const initiator::KeyPair client_ = initiator::make_key_pair(2);
  const std::shared_ptr<const authenticate::InterfaceIdentity> identity_ =
      authenticate::InterfaceIdentity::make(gateway_.private_key).value();
};

TEST_F(SupplyTest, UnknownOnesProveEachAKeyOfItsOwn) {
  Result<Supply> supply = Supply::make(order(Kind::unknown, 8));
  ASSERT_TRUE(supply);
  std::set<PublicKey> keys;
  for (const initiator::Payload& packet : take(*supply, Kind::unknown, 8)) {
    const std::variant<PublicKey, Refusal> verdict = judge(packet);
    ASSERT_TRUE(std::holds_alternative<PublicKey>(verdict));
    keys.insert(std::get<PublicKey>(verdict));
  }
  EXPECT_EQ(keys.size(), 8U);
  EXPECT_EQ(supply->distinct(), 8U);
}

TEST_F(SupplyTest, ForgedOnesClaimAndDoNotProve) {
  Order forged = order(Kind::forged, 4);
  forged.claimed = client_.public_key;
  Result<Supply> supply = Supply::make(forged);
  ASSERT_TRUE(supply);
  for (const initiator::Payload& packet : take(*supply, Kind::forged, 4))
    EXPECT_EQ(judge(packet), (std::variant<PublicKey, Refusal>{Refusal::forged}));
}

TEST_F(SupplyTest, AReplayIsTheSameBytesOfTheFirstKeyAgainAndAgain) {
  std::vector<Secret<32>> keys;
  keys.push_back(client_.private_key.clone());
  keys.push_back(initiator::make_key_pair(3).private_key.clone());
  const KeyFile file{keys};
  Order replay = order(Kind::replayed, 100);
  replay.keys_file = file.path();
  Result<Supply> supply = Supply::make(replay);
  ASSERT_TRUE(supply);
  const std::vector<initiator::Payload> packets = take(*supply, Kind::replayed, 3);
  EXPECT_THAT(packets, ::testing::Each(packets.front()));
  EXPECT_EQ(judge(packets.front()), (std::variant<PublicKey, Refusal>{client_.public_key}));
  EXPECT_EQ(supply->distinct(), 1U);
}

TEST_F(SupplyTest, GarbageIsOfAllSortsAndNoneOfItPassesMac1) {
  const std::vector<initiator::Payload> packets = garbage_of_all_sorts(50, gateway_.public_key);
  ASSERT_EQ(packets.size(), 50U);
  std::size_t shaped = 0;
  std::size_t shorter = 0;
  std::size_t longer = 0;
  std::size_t only_mac1_is_wrong = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const initiator::Payload& packet = packets[i];
    if (packet.size() < wire::InitiationLayout::size) ++shorter;
    if (packet.size() > wire::InitiationLayout::size) ++longer;
    if (!wire::view_initiation(packet)) continue;
    ++shaped;
    EXPECT_EQ(judge(packet), (std::variant<PublicKey, Refusal>{Refusal::bad_mac1}));
    initiator::Payload mended = packet;
    mended[wire::InitiationLayout::mac1] ^= 1U;
    if (std::holds_alternative<PublicKey>(judge(mended))) ++only_mac1_is_wrong;
  }
  EXPECT_GE(shaped, 20U);
  EXPECT_GE(shorter, 10U);
  EXPECT_GE(longer, 10U);
  EXPECT_EQ(only_mac1_is_wrong, 10U);
}

TEST_F(SupplyTest, NoMoreAreMadeThanAreSent) {
  Order small = order(Kind::unknown, 100);
  small.packets = 3;
  Result<Supply> supply = Supply::make(small);
  ASSERT_TRUE(supply);
  EXPECT_EQ(supply->distinct(), 3U);
  const std::vector<initiator::Payload> four = take(*supply, Kind::unknown, 4);
  EXPECT_EQ(four[3], four[0]) << "from the beginning again";
  EXPECT_NE(four[1], four[0]);
}

TEST_F(SupplyTest, AnAnswerIsFoundByTheIndexThatItNames) {
  Result<Supply> supply = Supply::make(order(Kind::unknown, 5));
  ASSERT_TRUE(supply);
  const Supply::Place place = supply->next(Kind::unknown);
  const std::optional<wire::InitiationView> view = wire::view_initiation(supply->at(place).bytes);
  ASSERT_TRUE(view);
  const Supply::Place* found = supply->sent_with_index(view->sender());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->number, place.number);
}

TEST_F(SupplyTest, TheFilesThatItReadsMustHoldSomething) {
  const KeyFile empty{std::vector<Secret<32>>{}};
  Order replay = order(Kind::replayed, 1);
  replay.keys_file = empty.path();
  EXPECT_FALSE(Supply::make(replay));
  Order load = order(Kind::unknown, 1);
  load.load_file = empty.path();
  EXPECT_FALSE(Supply::make(load));
  load.load_file = "/nonexistent/initiations";
  EXPECT_FALSE(Supply::make(load));
}

} // namespace
} // namespace provisiond::flood
