#include "manual/pages.hpp"
#include "manual/roff.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace provisiond::manual {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Roff, NoTextBecomesARequestOrAnEscape) {
  EXPECT_EQ(escaped(".so /etc/shadow"), "\\&.so /etc/shadow");
  EXPECT_EQ(escaped("first\n.second\n'third"), "first\n\\&.second\n\\&\\(aqthird");
  EXPECT_EQ(escaped("C:\\n"), "C:\\en");
  EXPECT_EQ(escaped("--dsn-file"), "\\-\\-dsn\\-file");
}

TEST(Roff, APageBeginsWithItsTitle) {
  const Page page{{.name = "wg-example", .section = 8, .version = "1.2", .summary = "an example"}};
  EXPECT_THAT(page.text(), HasSubstr(".TH WG\\-EXAMPLE 8 \"\" \"wg\\-provisiond 1.2\""));
  EXPECT_THAT(page.text(), HasSubstr(".SH NAME\nwg\\-example \\- an example\n"));
}

TEST(AdministrationPage, HasEverySubcommandWithItsOptions) {
  CLI::App app{"program: a summary\nExit status: 0 done, 1 failed"};
  CLI::App* const group = app.add_subcommand("peer", "Devices");
  CLI::App* const add = group->add_subcommand("add", "Add a peer");
  std::string name;
  std::string key;
  add->add_option("NAME", name, "For people")->required();
  CLI::Option* const option = add->add_option("-k,--key", key, "Its key");
  bool makes = false;
  add->add_flag("--new", makes, "Make one")->excludes(option);

  const std::string page = administration_page(app, "1");
  EXPECT_THAT(page, HasSubstr(".SS wg\\-provisionctl peer add\n.PP\nAdd a peer.\n"));
  EXPECT_THAT(page, HasSubstr("\\fBNAME\\fR TEXT, required\nFor people\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-k, \\-\\-key\\fR TEXT\nIts key\n.br\nNot with \\-\\-new.\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-new\\fR\nMake one\n.br\nNot with \\-k, \\-\\-key.\n"));
  EXPECT_THAT(page, HasSubstr("Exit status: 0 done, 1 failed.\n"));
  EXPECT_THAT(page, Not(HasSubstr(".SS wg\\-provisionctl peer\n")))
      << "a group does nothing itself";
}

TEST(SettingsPage, EachSettingStandsWithTheCommentBeforeIt) {
  const std::string page = settings_page("# The file.\n"
                                         "#\n"
                                         "# How to read it:\n"
                                         "#   rates  5/s\n"
                                         "\n"
                                         "# What it is called.\n"
                                         "# gateway: gw1\n"
                                         "\n"
                                         "# What is served.\n"
                                         "interfaces:\n"
                                         "  - name: wg0   # as in ip link\n"
                                         "\n"
                                         "    # How long.\n"
                                         "    # Two lines: of text.\n"
                                         "    #deadline: 15s\n",
                                         "1");
  EXPECT_THAT(page, Not(HasSubstr("The file."))) << "the page has its own first line";
  EXPECT_THAT(page, HasSubstr(".PP\nHow to read it:\n.PP\n.nf\n  rates  5/s\n.fi\n"));
  EXPECT_THAT(page, HasSubstr("\\fBgateway\\fR: gw1\nWhat it is called.\n"));
  EXPECT_THAT(page, HasSubstr(".SS interfaces\n.PP\nWhat is served.\n"));
  EXPECT_THAT(page, HasSubstr("\\fBname\\fR: wg0\nas in ip link\n"));
  EXPECT_THAT(page, HasSubstr("\\fBdeadline\\fR: 15s\nHow long.\nTwo lines: of text.\n"));
}

} // namespace
} // namespace provisiond::manual
