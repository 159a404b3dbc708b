#include "control/conversation.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>
#include <variant>

namespace provisiond::control {
namespace {

constexpr std::string_view no_such_interface = "the daemon has no such interface";

} // namespace

bool Conversation::waits_for_request() const {
  return !is_ending_ && !is_waiting_ && !is_listing_ && !question_ && output().empty();
}

void Conversation::hear(std::string_view bytes) {
  input_ += bytes;
  next_request();
}

void Conversation::hear_end() {
  is_ending_ = true;
}

void Conversation::next_request() {
  if (!waits_for_request()) return;
  const std::size_t end = input_.find('\n');
  if (std::min(end, input_.size()) >= longest_request) {
    return refuse("usage", "the request is too long");
  }
  if (end == std::string::npos) return;
  const Result<Request> request = parse_request(std::string_view{input_}.substr(0, end));
  input_.erase(0, end + 1);
  ++progress_;
  if (!request) return refuse("usage", request.error().message());
  begin(*request);
}

void Conversation::begin(const Request& request) {
  switch (request.command) {
  case Command::status:
    question_ = OverviewQuestion{};
    return;
  case Command::accept_database:
    question_ = AcceptQuestion{.identity = request.identity};
    return;
  case Command::drain:
  case Command::resume:
    question_ = DrainQuestion{.begins = request.command == Command::drain};
    return;
  case Command::attack_mode:
    question_ = AttackQuestion{.order = *request.mode};
    return;
  case Command::explain:
    return begin_explanation(request);
  case Command::peers:
    return begin_list(request);
  }
}

void Conversation::begin_list(const Request& request) {
  state_ = request.state;
  to_list_.clear();
  rest_.reset();
  for (std::size_t i = interfaces_.size(); i-- > 0;) {
    if (request.interface.empty() || request.interface == interfaces_[i])
      to_list_.push_back({.value = static_cast<std::uint16_t>(i)});
  }
  if (to_list_.empty()) return refuse("not_found", no_such_interface);
  is_listing_ = true;
  list_next();
}

void Conversation::begin_explanation(const Request& request) {
  if (request.source) {
    question_ = SourceQuestion{.address = *request.source};
    return;
  }
  KeyQuestion question{.key = *request.key};
  if (!request.interface.empty()) {
    const std::span<const std::string>::iterator found =
        std::ranges::find(interfaces_, request.interface);
    if (found == interfaces_.end()) return refuse("not_found", no_such_interface);
    question.interface = {.value = static_cast<std::uint16_t>(found - interfaces_.begin())};
  }
  question_ = question;
}

// The next slice, the next interface, or the end of the list.
void Conversation::list_next() {
  if (!rest_ && to_list_.empty()) {
    is_listing_ = false;
    return say(done_line());
  }
  if (!rest_) {
    listed_ = to_list_.back();
    to_list_.pop_back();
  }
  question_ = PeersQuestion{.interface = listed_, .walk = rest_};
}

std::optional<QuestionBody> Conversation::ask() {
  if (is_waiting_ || !output().empty() || !question_) return std::nullopt;
  is_waiting_ = true;
  return std::exchange(question_, std::nullopt);
}

void Conversation::could_not_ask() {
  is_waiting_ = false;
  refuse("busy", "the daemon is busy; try again");
}

void Conversation::answered(const AnswerBody& answer, TimePoint now) {
  if (!is_waiting_) return;
  is_waiting_ = false;
  ++progress_;
  std::visit([&](const auto& body) { take(body, now); }, answer);
}

void Conversation::take(const Overview& overview, TimePoint /*now*/) {
  say(line_of(overview));
  say(done_line());
}

void Conversation::take(const DrainAnswer& answer, TimePoint /*now*/) {
  say(line_of(answer));
  say(done_line());
}

void Conversation::take(const AcceptAnswer& answer, TimePoint /*now*/) {
  if (!answer.is_accepted)
    return refuse("not_found", "this is not the database that answers; status says which does");
  say(done_line());
}

void Conversation::take(const PeerSlice& slice, TimePoint now) {
  for (const PeerView& peer : slice.peers) {
    if (!state_.empty() && to_string(peer.stage) != state_) continue;
    say(line_of(peer, interfaces_[peer.interface.value], now));
  }
  rest_ = slice.rest;
  list_next();
}

void Conversation::take(const AttackAnswer& answer, TimePoint /*now*/) {
  if (!answer.is_accepted)
    return refuse("refused", "no cookies are asked for; set admission.cookies: under-load");
  say(line_of(answer));
  say(done_line());
}

void Conversation::take(const KeyAnswer& answer, TimePoint now) {
  for (const KeyExplanation& explanation : answer.interfaces)
    say(line_of(explanation, interfaces_[explanation.interface.value], now));
  say(done_line());
}

void Conversation::take(const SourceExplanation& answer, TimePoint /*now*/) {
  say(line_of(answer));
  say(done_line());
}

// The end of the conversation: a client that errs once is not understood any more.
void Conversation::refuse(std::string_view code, std::string_view text) {
  question_.reset();
  is_listing_ = false;
  is_ending_ = true;
  say(error_line(code, text));
}

std::string_view Conversation::output() const {
  return std::string_view{output_}.substr(sent_);
}

void Conversation::sent(std::size_t bytes) {
  sent_ += bytes;
  if (sent_ < output_.size()) return;
  output_.clear();
  sent_ = 0;
  ++progress_;
  next_request();
}

} // namespace provisiond::control
