#include "cli/completion.hpp"
#include "cli/subcommands.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace provisiond::cli {
namespace {

using testing::HasSubstr;

// True when the arguments name an action. Nothing is run.
bool parses(const std::string& arguments) {
  Action chosen;
  CLI::App app{"", "wg-provisionctl"};
  declare_subcommands(app, chosen);
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& /*refused*/) {
    return false;
  }
  return chosen != nullptr;
}

TEST(Subcommands, TakeTheirOptions) {
  EXPECT_TRUE(parses("db check --json --dsn x"));
  EXPECT_TRUE(parses("db init --gateway-role gw --schema-dir d"));
  EXPECT_TRUE(parses("network add demo --comment x"));
  EXPECT_TRUE(parses("network add demo --range 10.0.0.0/8 --range fd00::/8 --keepalive 25"));
  EXPECT_TRUE(parses("network set demo --endpoint h:1 --dns 10.0.0.1 --client-allowed-ips ::/0"));
  EXPECT_TRUE(parses("pool add demo 10.0.0.0/24 --first 10.0.0.9 --last 10.0.0.20 --hold 1d"));
  EXPECT_TRUE(parses("pool add demo fd00::/64 --derived"));
  EXPECT_TRUE(parses("pool list --network demo --json"));
  EXPECT_TRUE(parses("gateway allow login gw1 --network demo --network other"));
  EXPECT_TRUE(parses("onboarding allow login --network demo --network other"));
  EXPECT_TRUE(parses("onboarding forbid login"));
  EXPECT_TRUE(parses("onboarding trust login"));
  EXPECT_TRUE(parses("onboarding list --json"));
  EXPECT_FALSE(parses("onboarding allow login"));
  EXPECT_TRUE(parses("gateway forbid login gw1"));
  EXPECT_TRUE(parses("gateway list --json"));
  EXPECT_TRUE(parses("peer add x --network demo"));
  EXPECT_TRUE(parses("peer add x --network demo --public-key k --allowed-ips 10.0.0.1/32"));
  EXPECT_TRUE(parses("peer add x --network demo --qr --config f --endpoint h:1 --gateway-key k"));
  EXPECT_TRUE(parses("peer revoke k --reason x --dsn-file f"));
  EXPECT_TRUE(parses("peer rotate k l --overlap 1h"));
  EXPECT_TRUE(parses("peer move k --network demo --allowed-ips 10.0.0.1/32"));
  EXPECT_TRUE(parses("peer expire k --at tomorrow"));
  EXPECT_TRUE(parses("peer expire k --never"));
  EXPECT_TRUE(parses(
      "network set demo --idle-timeout 1h --allowed-sources 10.0.0.0/8 --allowed-sources ::/0"));
  EXPECT_TRUE(parses("network add demo --roaming no --several-gateways yes"));
  EXPECT_TRUE(parses("peer add x --network demo --roaming no --evict-last yes"));
  EXPECT_TRUE(parses("peer set k --allowed-sources 10.0.0.0/8 --several-gateways yes"));
  EXPECT_TRUE(parses("peer set k --roaming no --several-gateways no --evict-last no"));
  EXPECT_TRUE(parses("peer forget-initiations k"));
  EXPECT_TRUE(parses("peer pardon k"));
  EXPECT_TRUE(parses("peer import - --all-or-nothing --json"));
  EXPECT_TRUE(parses("peer export --network demo"));
  EXPECT_TRUE(parses("pending --network demo --json"));
  EXPECT_TRUE(parses("approve k --network demo --name x --allowed-ips ::1/128 --expires-at now"));
  EXPECT_TRUE(parses("expect k --network demo --name x"));
  EXPECT_TRUE(parses("explain k --network demo --json"));
  EXPECT_TRUE(parses("status --json --socket s"));
  EXPECT_TRUE(parses("peers --interface wg0 --state live --json --socket s"));
  EXPECT_TRUE(parses("drain --socket s"));
  EXPECT_TRUE(parses("resume"));
}

TEST(Subcommands, RefuseWhatMakesNoSense) {
  EXPECT_FALSE(parses(""));
  EXPECT_FALSE(parses("peer"));
  EXPECT_FALSE(parses("network add"));
  EXPECT_FALSE(parses("network set"));
  EXPECT_FALSE(parses("network set demo --keepalive soon"));
  EXPECT_FALSE(parses("pool add demo"));
  EXPECT_FALSE(parses("pool add demo fd00::/64 --derived --first fd00::9"));
  EXPECT_FALSE(parses("peer add x"));
  EXPECT_FALSE(parses("peer add x --network demo --public-key k --qr"));
  EXPECT_FALSE(parses("peer add x --network demo --public-key k --preshared"));
  EXPECT_FALSE(parses("peer add x --network demo --preshared --preshared-key-file f"));
  EXPECT_FALSE(parses("peer add x --network demo --keepalive soon"));
  EXPECT_FALSE(parses("peer list --dsn a --dsn-file b"));
  EXPECT_FALSE(parses("peer rotate k"));
  EXPECT_FALSE(parses("peer move k"));
  EXPECT_FALSE(parses("peer expire k --at tomorrow --never"));
  EXPECT_FALSE(parses("network set demo --roaming perhaps"));
  EXPECT_FALSE(parses("network set demo --roaming ''"));
  EXPECT_FALSE(parses("network set demo --evict-last yes"));
  EXPECT_FALSE(parses("peer set k --evict-last ''"));
  EXPECT_FALSE(parses("peer set k --idle-timeout 1h"));
  EXPECT_FALSE(parses("peer set"));
  EXPECT_FALSE(parses("peer forget-initiations"));
  EXPECT_FALSE(parses("peer import"));
  EXPECT_FALSE(parses("approve"));
  EXPECT_FALSE(parses("expect k"));
  EXPECT_FALSE(parses("explain"));
  EXPECT_FALSE(parses("explain k --source 192.0.2.7"));
  EXPECT_TRUE(parses("explain k --live --interface wg0 --socket /s --json"));
  EXPECT_TRUE(parses("explain --source 192.0.2.7 --json"));
  EXPECT_FALSE(parses("peers wg0"));
  EXPECT_FALSE(parses("drain --json"));
  EXPECT_TRUE(parses("attack-mode on"));
  EXPECT_FALSE(parses("attack-mode"));
  EXPECT_FALSE(parses("attack-mode perhaps"));
}

TEST(BashCompletion, KnowsEverySubcommand) {
  Action chosen;
  CLI::App app{"", "wg-provisionctl"};
  declare_subcommands(app, chosen);
  const std::string script = bash_completion(app);
  EXPECT_THAT(script, HasSubstr("''*) words='db network pool peer gateway onboarding completion "
                                "pending approve expect explain "
                                "status peers drain resume attack-mode accept-database --help'"));
  EXPECT_THAT(script, HasSubstr("'db '*) words='migrate init status check --help'"));
  EXPECT_THAT(script, HasSubstr("'network '*) words='add set list --help'"));
  EXPECT_THAT(script, HasSubstr("'network set '*) words='--help --range --endpoint --dns"));
  EXPECT_THAT(script, HasSubstr("'pool '*) words='add list --help'"));
  EXPECT_THAT(script, HasSubstr("'pool add '*) words='--help --derived --first --last --hold"));
  EXPECT_THAT(script, HasSubstr("'expect '*) words='--help --network --name --dsn-file --dsn'"));
  EXPECT_THAT(script, HasSubstr("'peer '*) words='add list show set revoke enable disable rotate "
                                "move expire pardon forget-initiations import export --help'"));
  EXPECT_THAT(script, HasSubstr("'peer set '*) words='--help --dsn-file --dsn --allowed-sources "
                                "--roaming --several-gateways --evict-last'"));
  EXPECT_THAT(script, HasSubstr("'peer revoke '*) words='--help --dsn-file --dsn --reason'"));
  EXPECT_LT(script.find("'peer add '*"), script.find("'peer '*"));
}

} // namespace
} // namespace provisiond::cli
