#include "control/conversation.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Whatever a client of the control socket sends, the conversation neither throws nor crashes nor
// grows, and every request it understands ends with a line that says so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace provisiond::control;
  static const std::vector<std::string> interfaces{"wg0", "wg1"};
  constexpr std::size_t longest_read = 1024;
  Conversation conversation{interfaces};
  std::string_view text{reinterpret_cast<const char*>(bytes), size};
  while (conversation.waits_for_request() && !text.empty()) {
    conversation.hear(text.substr(0, longest_read));
    text.remove_prefix(std::min(text.size(), longest_read));
    while (true) {
      if (const std::optional<QuestionBody> question = conversation.ask()) {
        if (std::holds_alternative<PeersQuestion>(*question))
          conversation.answered(provisiond::PeerSlice{}, {}); // nobody is there
        else
          conversation.answered(DrainAnswer{}, {});
      } else if (!conversation.output().empty()) {
        if (!conversation.output().ends_with("}\n")) std::abort();
        conversation.sent(conversation.output().size());
      } else {
        break;
      }
    }
  }
  return 0;
}
