#include "base/guarded.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>

namespace provisiond {
namespace {

TEST(Guarded, IsMadeFromTheArgumentOfItsValue) {
  const Guarded<std::string> text{"xxx"};
  EXPECT_EQ(text.with([](const std::string& value) { return value.size(); }), 3U);
}

TEST(Guarded, GivesAccessToTheValueItself) {
  Guarded<int> number{1};
  number.with([](int& value) { value = 2; });
  EXPECT_EQ(number.with([](const int& value) { return value; }), 2);
}

TEST(Guarded, CountsRightFromManyThreads) {
  Guarded<int> count{0};
  {
    std::array<std::jthread, 4> threads;
    for (std::jthread& thread : threads) {
      thread = std::jthread{[&count] {
        for (int step = 0; step < 1'000; ++step) {
          count.with([](int& value) { ++value; });
        }
      }};
    }
  }
  EXPECT_EQ(count.with([](const int& value) { return value; }), 4'000);
}

} // namespace
} // namespace provisiond
