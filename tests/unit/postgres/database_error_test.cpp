#include "postgres/database_error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace provisiond::postgres {
namespace {

TEST(ServerMessage, IsOneLineWithTheHint) {
  EXPECT_EQ(server_message("ERROR:  there is no network \"x\"\n"
                           "HINT:  make it\n"
                           "CONTEXT:  PL/pgSQL function wg_provision.add_peer() line 1 at RAISE\n"),
            "there is no network \"x\" (make it)");
}

TEST(ServerMessage, LeavesOutDetailsWhichQuoteRows) {
  EXPECT_EQ(server_message("ERROR:  new row violates check constraint \"a_b\"\n"
                           "DETAIL:  Failing row contains (1, \\x0102, secret).\n"
                           "CONTEXT:  SQL statement \"INSERT\"\n"),
            "new row violates check constraint \"a_b\"");
}

TEST(ServerMessage, TakesAnyText) {
  EXPECT_EQ(server_message(""), "");
  EXPECT_EQ(server_message("something else: odd"), "something else: odd");
  EXPECT_EQ(server_message("\n\n"), "");
  EXPECT_EQ(server_message("ERROR:"), "ERROR:");
}

TEST(CodeOfSqlstate, TellsTheClassesApart) {
  EXPECT_EQ(code_of_sqlstate("21000"), EPERM);
  EXPECT_EQ(code_of_sqlstate("23505"), EPERM);
  EXPECT_EQ(code_of_sqlstate("22P02"), EPERM);
  EXPECT_EQ(code_of_sqlstate("P0001"), EPERM);
  EXPECT_EQ(code_of_sqlstate("P0002"), ENOENT);
  EXPECT_EQ(code_of_sqlstate("57P01"), ENOTCONN);
  EXPECT_EQ(code_of_sqlstate("08006"), ENOTCONN);
  EXPECT_EQ(code_of_sqlstate("40001"), EAGAIN);
  EXPECT_EQ(code_of_sqlstate("42501"), 0);
  EXPECT_EQ(code_of_sqlstate(""), 0);
}

TEST(IsPassing, IsTrueOfWhatOthersCause) {
  for (const char* state : {"40P01", "40001", "53300", "55P03", "57014"})
    EXPECT_TRUE(is_passing(state)) << state;
  for (const char* state : {"", "23514", "22P02", "42501", "P0001", "57P01"})
    EXPECT_FALSE(is_passing(state)) << state;
}

} // namespace
} // namespace provisiond::postgres
