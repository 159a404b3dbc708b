#include "lookup/parameters.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace provisiond::lookup {
namespace {

LookupRequest request_for(std::uint16_t interface, std::uint8_t key_byte) {
  LookupRequest request;
  request.interface = InterfaceId{interface};
  request.key.bytes.fill(key_byte);
  return request;
}

TEST(Parameters, Networks) {
  const std::array<LookupRequest, 2> requests{request_for(1, 0), request_for(0, 0)};
  const std::vector<std::string> networks{"office", "fleet"};
  EXPECT_EQ(network_array(requests, networks), R"({"fleet","office"})");
}

TEST(Parameters, AnUnknownInterfaceHasTheEmptyName) {
  const std::array<LookupRequest, 1> requests{request_for(7, 0)};
  EXPECT_EQ(network_array(requests, {}), R"({""})");
}

TEST(Parameters, OwnershipsAreArraysOfOneLengthForEachInterface) {
  const auto ownership_of = [](std::uint16_t interface, const char* name, std::uint8_t key_byte) {
    SessionOwnership ownership{
        .interface = InterfaceId{interface}, .name = name, .key = {}, .initiation = std::nullopt};
    ownership.key.bytes.fill(key_byte);
    return ownership;
  };
  std::vector<SessionOwnership> ownerships{ownership_of(1, "wg1", 1), ownership_of(0, "wg0", 2),
                                           ownership_of(1, "wg1", 3)};
  ownerships.front().at = WallTime{} + std::chrono::milliseconds{5};
  ownerships.back().initiation = Tai64n{0x40, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 0, 1};

  const std::vector<OwnershipArrays> arrays = ownership_arrays(ownerships);

  ASSERT_EQ(arrays.size(), 2U);
  EXPECT_EQ(arrays[0].name, "wg0");
  EXPECT_EQ(arrays[0].initiations, "{NULL}");
  EXPECT_EQ(arrays[1].interface, InterfaceId{1});
  EXPECT_EQ(arrays[1].handshakes_us, R"({"5000","0"})");
  EXPECT_EQ(arrays[1].initiations, R"({NULL,"\\x400000000000000a00000001"})");
}

TEST(Parameters, KeysAreHex) {
  const std::array<LookupRequest, 2> requests{request_for(0, 0x0f), request_for(0, 0xa0)};
  std::string expected = R"({"\\x)";
  for (int i = 0; i < 32; ++i)
    expected += "0f";
  expected += R"(","\\x)";
  for (int i = 0; i < 32; ++i)
    expected += "a0";
  expected += R"("})";
  EXPECT_EQ(key_array(requests), expected);
}

TEST(Parameters, NoRequestsMakeEmptyArrays) {
  EXPECT_EQ(network_array({}, {}), "{}");
  EXPECT_EQ(key_array({}), "{}");
}

TEST(SightingArrays, HaveOneElementForEachKey) {
  RefusedKey key;
  key.interface = InterfaceId{1};
  key.reason = Refusal::unknown_key;
  key.source = Endpoint::parse("[2001:db8::1]:4000").value();
  const std::vector<RefusedKey> keys{key, key};
  const std::vector<std::string> networks{"fleet", "office"};
  const SightingArrays arrays = sighting_arrays(keys, networks);
  EXPECT_EQ(arrays.networks, R"({"office","office"})");
  EXPECT_EQ(arrays.reasons, R"({"unknown_key","unknown_key"})");
  EXPECT_EQ(arrays.addresses, R"({"2001:db8::1","2001:db8::1"})");
  EXPECT_EQ(arrays.ports, R"({"4000","4000"})");
  const std::string hex(64, '0');
  EXPECT_EQ(arrays.keys, R"({"\\x)" + hex + R"(","\\x)" + hex + R"("})");
}

} // namespace
} // namespace provisiond::lookup
