// Whatever a client of the control socket sends, the conversation neither throws nor crashes nor
// grows, and what it answers are lines of JSON, of which the last one says that it is.

#include "control/conversation.hpp"
#include "fuzz/input.hpp"
#include "fuzz/targets.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace provisiond::fuzz::fuzz_control_request {

using provisiond::control::Conversation;
using provisiond::control::QuestionBody;

namespace {

constexpr std::size_t longest_read = 1024;

void require_lines(std::string_view output) {
  require(output.ends_with('\n'));
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    require(nlohmann::json::parse(line).is_object());
    output.remove_prefix(line.size() + 1);
  }
}

// A peer whose name on the wire is that of its key, and that the daemon knows little of.
PeerSlice slice() {
  PeerView peer;
  peer.key.bytes.fill(0x11);
  return {.peers = {peer}, .rest = {}};
}

void answer(Conversation& conversation, const QuestionBody& question) {
  if (std::holds_alternative<control::PeersQuestion>(question))
    conversation.answered(slice(), {});
  else if (std::holds_alternative<control::OverviewQuestion>(question))
    conversation.answered(
        control::Overview{.interfaces = {{.name = "wg0", .network = "demo", .source = "probe"}}},
        {});
  else if (std::holds_alternative<control::KeyQuestion>(question))
    conversation.answered(control::KeyAnswer{.interfaces = {{.interface = {}, .key = {}}}}, {});
  else if (std::holds_alternative<control::SourceQuestion>(question))
    conversation.answered(SourceExplanation{}, {});
  else
    conversation.answered(control::DrainAnswer{}, {});
}

// Until it waits for more to be said; what is asked and answered ends.
void converse(Conversation& conversation) {
  while (true) {
    if (const std::optional<QuestionBody> question = conversation.ask()) {
      answer(conversation, *question);
    } else if (!conversation.output().empty()) {
      require_lines(conversation.output());
      conversation.sent(conversation.output().size());
    } else {
      return;
    }
  }
}

} // namespace

void run(Bytes bytes) {
  static const std::vector<std::string> interfaces{"wg0", "wg1"};
  Conversation conversation{interfaces};
  Pieces pieces{bytes, longest_read};
  for (Bytes piece = pieces.next(); conversation.waits_for_request() && !piece.empty();
       piece = pieces.next()) {
    conversation.hear(text_of(piece));
    converse(conversation);
  }
  require(conversation.waits_for_request() || conversation.is_over());
}

} // namespace provisiond::fuzz::fuzz_control_request
