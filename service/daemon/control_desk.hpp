#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/question.hpp"
#include "control/server.hpp"
#include "daemon/turns.hpp"
#include "events/source_set.hpp"
#include "flow/flow.hpp"
#include "flow/interface.hpp"
#include "settings/settings.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace provisiond::daemon {

// Answers for the loop what the control thread asks. Keeps nothing between two questions.
//
// Loop thread. One question a turn: at most a slice of 2,000 peers (1 ms), or what 256 interfaces
// say of a key.
class ControlDesk {
 public:
  struct Wiring {
    std::vector<flow::Interface>& interfaces;
    events::SourceSet& sources;
    flow::Flow& flow;
    const TurnTimes& turn_times;
    Channel<control::Question>& questions; // control -> loop
    Channel<control::Answer>& answers;     // loop -> control; dropped when nobody takes them
    // False: it is another that answers.
    std::function<bool(const std::string&)> accept_database{};
  };

  ControlDesk(Wiring wiring, TimePoint started_at)
      : wiring_{std::move(wiring)}, started_at_{started_at} {}

  // True when a drain began or ended.
  bool answer_one(const control::DatabaseOverview& database, TimePoint now);

 private:
  [[nodiscard]] control::AnswerBody answer_to(const control::QuestionBody& question,
                                              const control::DatabaseOverview& database,
                                              TimePoint now);
  [[nodiscard]] control::Overview overview(const control::DatabaseOverview& database,
                                           TimePoint now) const;
  [[nodiscard]] PeerSlice peers(const control::PeersQuestion& question) const;
  [[nodiscard]] control::KeyAnswer explain(const control::KeyQuestion& question,
                                           const control::DatabaseOverview& database,
                                           TimePoint now) const;
  control::AttackAnswer order_attack_mode(const control::AttackQuestion& question, TimePoint now);
  control::DrainAnswer drain(const control::DrainQuestion& question);

  Wiring wiring_;
  TimePoint started_at_;
};

// The socket, before anything is started: it may be wrong in the settings, or taken. nullopt:
// switched off.
struct ControlSocket {
  control::Listener listener;
  control::Access access;
};
Result<std::optional<ControlSocket>> open_control(const settings::Control& settings);

// Serves it; logs who is turned away.
Result<std::unique_ptr<control::Server>> serve_control(ControlSocket socket,
                                                       const settings::Settings& settings,
                                                       const control::Server::Wiring& wiring);

} // namespace provisiond::daemon
