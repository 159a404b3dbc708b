#include "cli/client_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>

namespace provisiond::cli {
namespace {

using testing::HasSubstr;

Secret<32> secret_of(std::uint8_t byte) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(byte);
  return Secret<32>{bytes};
}

GatewayWords gateway_words() {
  return {.endpoint = "vpn.example.org:51820",
          .key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="};
}

TEST(ClientConfig, HasEverythingThatWasAskedFor) {
  const ClientSecrets secrets{.private_key = secret_of(1), .preshared_key = secret_of(2)};
  GatewayWords gateway = gateway_words();
  gateway.allowed_ips = "10.0.0.0/8,fd00::/8";
  gateway.dns = "10.0.0.1, example.org";
  const Result<SecretText> config = client_config(
      secrets,
      {.allowed_ips = {"10.0.0.2/32", "192.168.7.0/24", "fd00::2/128"}, .keepalive_seconds = 25},
      gateway);
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(std::string{*config}, "[Interface]\n"
                                  "PrivateKey = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
                                  "Address = 10.0.0.2/32, fd00::2/128\n"
                                  "DNS = 10.0.0.1, example.org\n"
                                  "\n"
                                  "[Peer]\n"
                                  "PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
                                  "PresharedKey = AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
                                  "Endpoint = vpn.example.org:51820\n"
                                  "AllowedIPs = 10.0.0.0/8, fd00::/8\n"
                                  "PersistentKeepalive = 25\n");
}

TEST(ClientConfig, LeavesOutWhatIsNotThere) {
  const ClientSecrets secrets{.private_key = secret_of(1), .preshared_key = std::nullopt};
  const Result<SecretText> config =
      client_config(secrets, {.allowed_ips = {"10.0.0.2/32"}}, gateway_words());
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(std::string{*config}, "[Interface]\n"
                                  "PrivateKey = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
                                  "Address = 10.0.0.2/32\n"
                                  "\n"
                                  "[Peer]\n"
                                  "PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
                                  "Endpoint = vpn.example.org:51820\n"
                                  "AllowedIPs = 0.0.0.0/0, ::/0\n");
}

TEST(ClientConfig, AClientNeedsAnAddress) {
  const ClientSecrets secrets{.private_key = secret_of(1), .preshared_key = std::nullopt};
  const Result<SecretText> config =
      client_config(secrets, {.allowed_ips = {"10.0.0.0/24"}}, gateway_words());
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().code(), EINVAL);
  EXPECT_THAT(config.error().message(), HasSubstr("single address"));
}

TEST(CheckGateway, TakesNamesAndAddresses) {
  GatewayWords gateway = gateway_words();
  for (const char* endpoint : {"vpn.example.org:1", "192.0.2.1:65535", "[2001:db8::1]:51820"}) {
    gateway.endpoint = endpoint;
    EXPECT_TRUE(check(gateway).has_value()) << endpoint;
  }
}

TEST(CheckGateway, RefusesWordsThatWouldBeAnotherLine) {
  GatewayWords gateway = gateway_words();
  for (const char* endpoint :
       {"", "host", "host:", "host:0", "host:65536", "host:1x", ":1", "-h:1", "host:1\nPostUp = sh",
        "h\n:1", "2001:db8::1:51820", "192.0.2.1:0"}) {
    gateway.endpoint = endpoint;
    EXPECT_FALSE(check(gateway).has_value()) << endpoint;
  }
}

TEST(CheckGateway, NamesTheWrongOption) {
  const auto message_of = [](const GatewayWords& gateway) -> std::string {
    const Status status = check(gateway);
    return status ? "" : status.error().message();
  };
  GatewayWords gateway = gateway_words();
  gateway.key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  EXPECT_THAT(message_of(gateway), HasSubstr("--gateway-key"));
  gateway = gateway_words();
  gateway.allowed_ips = "10.0.0.0/8,";
  EXPECT_THAT(message_of(gateway), HasSubstr("--client-allowed-ips"));
  gateway = gateway_words();
  gateway.dns = "10.0.0.1\nPostUp = sh";
  EXPECT_THAT(message_of(gateway), HasSubstr("--dns"));
}

} // namespace
} // namespace provisiond::cli
