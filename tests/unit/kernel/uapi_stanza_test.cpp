#include "kernel/uapi_stanza.hpp"

#include <gtest/gtest.h>

#include <string>

namespace provisiond::kernel {
namespace {

PeerChange change_of(std::uint8_t fill) {
  PeerChange change;
  change.key.bytes.fill(fill);
  return change;
}

std::string text_of(const WipedBuffer& buffer) {
  return {buffer.filled().begin(), buffer.filled().end()};
}

std::string stanza(const PeerChange& change, std::size_t part = 0) {
  WipedBuffer buffer{maximum_stanza_bytes};
  append_stanza(part_of(change, part), buffer);
  return text_of(buffer);
}

std::string key_line(const std::string& name, const std::string& byte) {
  std::string line = name + "=";
  for (int count = 0; count < 32; ++count)
    line += byte;
  return line + "\n";
}

TEST(AppendStanza, AbsentFieldsAreNotSent) {
  EXPECT_EQ(stanza(change_of(0xa1)), key_line("public_key", "a1"));
}

TEST(AppendStanza, EveryField) {
  PeerChange change = change_of(1);
  change.preshared_key = Secret<32>{change_of(0xfe).key.bytes};
  change.endpoint = Endpoint::parse("[2001:db8::1]:51820");
  change.keepalive_seconds = 25;
  change.allowed_ips = {IpPrefix::parse("10.0.0.0/8").value(), IpPrefix::parse("::/0").value()};
  EXPECT_EQ(stanza(change), key_line("public_key", "01") + key_line("preshared_key", "fe") +
                                "endpoint=[2001:db8::1]:51820\n"
                                "replace_allowed_ips=true\n"
                                "allowed_ip=10.0.0.0/8\n"
                                "allowed_ip=::/0\n"
                                "persistent_keepalive_interval=25\n");
}

TEST(AppendStanza, LinkLocalEndpointHasItsZone) {
  PeerChange change = change_of(1);
  change.endpoint = Endpoint::parse("[fe80::1]:7");
  change.endpoint->scope = 3;
  EXPECT_EQ(stanza(change), key_line("public_key", "01") + "endpoint=[fe80::1%3]:7\n");
}

TEST(AppendStanza, UpdateAndRemove) {
  PeerChange change = change_of(1);
  change.keepalive_seconds = 0;
  change.action = PeerChange::Action::update;
  EXPECT_EQ(stanza(change),
            key_line("public_key", "01") + "update_only=true\npersistent_keepalive_interval=0\n");
  change.action = PeerChange::Action::remove;
  EXPECT_EQ(stanza(change), key_line("public_key", "01") + "remove=true\n");
}

TEST(AppendStanza, LaterPartsOnlyAddAllowedIps) {
  PeerChange change = change_of(1);
  change.preshared_key.emplace();
  change.keepalive_seconds = 5;
  change.allowed_ips.emplace(ChangePart::maximum_allowed_ips + 1, IpPrefix::parse("::/0").value());
  EXPECT_EQ(stanza(change, 1), key_line("public_key", "01") + "update_only=true\nallowed_ip=::/0\n"
                                                              "persistent_keepalive_interval=5\n");
}

TEST(AppendStanza, LongestStanzaFitsTheLimit) {
  PeerChange change = change_of(1);
  change.action = PeerChange::Action::update;
  change.preshared_key.emplace();
  change.endpoint = Endpoint::parse("[2001:db8:1111:2222:3333:4444:5555:6666]:51820");
  change.endpoint->scope = 0xffffffff;
  change.keepalive_seconds = 65535;
  change.allowed_ips.emplace(ChangePart::maximum_allowed_ips,
                             IpPrefix::parse("2001:db8:1111:2222:3333:4444:5555:6666/128").value());
  const std::string text = stanza(change);
  EXPECT_TRUE(text.ends_with("persistent_keepalive_interval=65535\n"));
  EXPECT_LE(text.size(), maximum_stanza_bytes);
}

TEST(AppendLine, WritesAllOrNothing) {
  WipedBuffer buffer{4};
  EXPECT_TRUE(append_line("ab", buffer));
  EXPECT_FALSE(append_line("c", buffer));
  EXPECT_TRUE(append_line("", buffer));
  EXPECT_EQ(text_of(buffer), "ab\n\n");
}

std::vector<PeerChange> changes(std::size_t count) {
  std::vector<PeerChange> made;
  for (std::size_t number = 0; number < count; ++number)
    made.push_back(change_of(static_cast<std::uint8_t>(number)));
  return made;
}

TEST(OperationLength, TakesWhatFits) {
  EXPECT_EQ(operation_length({}), 0U);
  EXPECT_EQ(operation_length(changes(1)), 1U);
  EXPECT_EQ(operation_length(changes(200)), 200U);
  std::vector<PeerChange> large = changes(5);
  for (PeerChange& change : large)
    change.allowed_ips.emplace(700, IpPrefix::parse("::/0").value());
  EXPECT_EQ(operation_length(large), 2U);
  EXPECT_LE(operation_length(changes(maximum_operation_changes + 1)), maximum_operation_changes);
}

TEST(OperationLength, ChangeOfSeveralPartsGoesAlone) {
  std::vector<PeerChange> made = changes(3);
  made[1].allowed_ips.emplace(ChangePart::maximum_allowed_ips + 1);
  EXPECT_EQ(operation_length(made), 1U);
  EXPECT_EQ(operation_length(std::span{made}.subspan(1)), 1U);
}

TEST(OperationLength, NoPeerInheritsAKeepaliveThatWasTurnedOn) {
  std::vector<PeerChange> made = changes(4);
  made[0].keepalive_seconds = 25;
  made[1].keepalive_seconds = 25;
  made[2].action = PeerChange::Action::remove;
  EXPECT_EQ(operation_length(made), 3U);
  made[1].keepalive_seconds = 0;
  EXPECT_EQ(operation_length(made), 4U);
  made[1].keepalive_seconds.reset();
  EXPECT_EQ(operation_length(made), 1U);
}

} // namespace
} // namespace provisiond::kernel
