#include "cli/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace provisiond::cli {
namespace {

using nlohmann::json;

json labels_of(const std::string& text) {
  registry::PeerRow peer;
  peer.labels = text;
  return json::parse(json_of(peer), nullptr, false)["labels"];
}

TEST(JsonOfPeer, HasItsLabelsAsAnObject) {
  EXPECT_EQ(labels_of(R"({"site": "berlin"})"), json({{"site", "berlin"}}));
}

TEST(JsonOfPeer, LabelsThatAreNoJsonAreText) {
  EXPECT_EQ(labels_of("{"), json("{"));
  EXPECT_EQ(labels_of(""), json(""));
}

// Whoever writes it would need as much stack as it is deep.
TEST(JsonOfPeer, LabelsThatAreNestedDeeplyAreText) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(labels_of(deep), json(deep));
}

} // namespace
} // namespace provisiond::cli
