#pragma once

#include "base/clock.hpp"
#include "control/protocol.hpp"
#include "control/question.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::control {

// What is said with one client, without its socket: bytes in, questions to the loop, bytes out. One
// request at a time, and one question at a time, which is asked only when the client has taken what
// came of the one before: a client that does not read costs a slice of memory and nothing else.
//
// A list of peers tells each that stays on its interface from the beginning to the end of the list
// exactly once, as it was when its slice was taken; who leaves meanwhile may be missing, and who
// comes is.
//
// No I/O and no clock. Bounded: longest_request bytes in, a slice of peers out.
class Conversation {
 public:
  // `interfaces` are the names, indexed by InterfaceId; they outlive this.
  explicit Conversation(std::span<const std::string> interfaces) : interfaces_{interfaces} {}

  // Wanted only while it waits for a request.
  [[nodiscard]] bool waits_for_request() const;
  void hear(std::string_view bytes);
  // The client sends nothing any more.
  void hear_end();

  // What to ask the loop now, if anything; each question once.
  std::optional<QuestionBody> ask();
  void answered(const AnswerBody& answer, TimePoint now);
  // The question could not be handed over.
  void could_not_ask();

  // What is to be sent, and that so much of it was.
  [[nodiscard]] std::string_view output() const;
  void sent(std::size_t bytes);

  // Nothing more will come; the connection is to be closed.
  [[nodiscard]] bool is_over() const { return is_ending_ && !is_waiting_ && output().empty(); }
  // Moves with each request, answer and output that is complete: what a client that is slow, by
  // intent or not, does not move.
  [[nodiscard]] std::uint64_t progress() const { return progress_; }

 private:
  void next_request();
  void begin(const Request& request);
  void begin_list(const Request& request);
  void begin_explanation(const Request& request);
  void list_next();
  void say(std::string_view line) { output_ += line; }
  void refuse(std::string_view code, std::string_view text);
  void take(const Overview& overview, TimePoint now);
  void take(const DrainAnswer& answer, TimePoint now);
  void take(const AcceptAnswer& answer, TimePoint now);
  void take(const PeerSlice& slice, TimePoint now);
  void take(const AttackAnswer& answer, TimePoint now);
  void take(const KeyAnswer& answer, TimePoint now);
  void take(const SourceExplanation& answer, TimePoint now);

  std::span<const std::string> interfaces_;
  std::string input_;
  std::string output_;
  std::size_t sent_ = 0; // of output_
  std::optional<QuestionBody> question_;
  bool is_waiting_ = false; // for an answer
  bool is_listing_ = false;
  bool is_ending_ = false;
  std::uint64_t progress_ = 0;

  // Of the list under way.
  std::string state_;                // empty: all
  std::vector<InterfaceId> to_list_; // the next one last
  InterfaceId listed_;
  std::optional<PeerWalk> rest_; // of `listed_`
};

} // namespace provisiond::control
