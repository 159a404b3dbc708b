#include "daemon/control_desk.hpp"

#include "base/log.hpp"
#include "daemon/limits.hpp"
#include "flow/view.hpp"

#include <unistd.h>

#include <utility>
#include <variant>

namespace provisiond::daemon {

namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

} // namespace

bool ControlDesk::answer_one(const control::DatabaseOverview& database, TimePoint now) {
  const bool was_draining = wiring_.flow.first_contact().is_draining();
  for (const control::Question& question : wiring_.questions.drain(1)) {
    control::Answer answer{.ticket = question.ticket,
                           .body = answer_to(question.body, database, now)};
    static_cast<void>(wiring_.answers.push(std::move(answer)));
  }
  return wiring_.flow.first_contact().is_draining() != was_draining;
}

control::AnswerBody ControlDesk::answer_to(const control::QuestionBody& question,
                                           const control::DatabaseOverview& database,
                                           TimePoint now) {
  return std::visit(
      Overloaded{
          [&](const control::OverviewQuestion&) -> control::AnswerBody {
            return overview(database, now);
          },
          [&](const control::PeersQuestion& asked) -> control::AnswerBody { return peers(asked); },
          [&](const control::DrainQuestion& asked) -> control::AnswerBody { return drain(asked); },
          [&](const control::AcceptQuestion& asked) -> control::AnswerBody {
            return control::AcceptAnswer{.is_accepted = wiring_.accept_database(asked.identity)};
          },
          [&](const control::AttackQuestion& asked) -> control::AnswerBody {
            return order_attack_mode(asked, now);
          },
          [&](const control::KeyQuestion& asked) -> control::AnswerBody {
            return explain(asked, database, now);
          },
          [&](const control::SourceQuestion& asked) -> control::AnswerBody {
            return wiring_.flow.explain(asked.address, now);
          },
      },
      question);
}

control::Overview ControlDesk::overview(const control::DatabaseOverview& database,
                                        TimePoint now) const {
  control::Overview overview{
      .version = PROVISIOND_VERSION,
      .uptime = std::chrono::duration_cast<std::chrono::seconds>(now - started_at_),
      .is_draining = wiring_.flow.first_contact().is_draining(),
      .longest_turn = wiring_.turn_times.longest(),
      .database = database,
      .interfaces = {},
      .is_attack_mode = wiring_.flow.first_contact().attack_mode().is_on(),
      .attack_order = wiring_.flow.first_contact().attack_mode().ordered()};
  for (const flow::Interface& interface : wiring_.interfaces) {
    const std::optional<SourceKind> source = wiring_.sources.source_of(interface.id);
    const bool is_known = interface.id.value < database.networks.size();
    const control::NetworkOverview network =
        is_known ? database.networks[interface.id.value]
                 : control::NetworkOverview{.name = interface.network};
    overview.interfaces.push_back({.name = interface.name,
                                   .network = network.name,
                                   .is_network_found = network.is_found,
                                   .is_present = interface.is_present(),
                                   .source = source ? std::string{to_string(*source)} : "",
                                   .peers = interface.peers.table().size(),
                                   .greeted = interface.peers.table().count(PeerStage::greeting),
                                   .is_dry_run = interface.is_dry_run});
  }
  return overview;
}

PeerSlice ControlDesk::peers(const control::PeersQuestion& question) const {
  return flow::views(wiring_.interfaces[question.interface.value], question.walk,
                     control::most_peers_per_question);
}

control::KeyAnswer ControlDesk::explain(const control::KeyQuestion& question,
                                        const control::DatabaseOverview& database,
                                        TimePoint now) const {
  control::KeyAnswer answer;
  const flow::Surroundings surroundings{.has_database = database.sessions > 0};
  for (const flow::Interface& interface : wiring_.interfaces) {
    if (question.interface && *question.interface != interface.id) continue;
    answer.interfaces.push_back(
        wiring_.flow.explain({.interface = interface.id, .key = question.key}, surroundings, now));
  }
  return answer;
}

control::DrainAnswer ControlDesk::drain(const control::DrainQuestion& question) {
  if (question.begins)
    wiring_.flow.first_contact().drain();
  else
    wiring_.flow.first_contact().resume();
  return {.is_draining = wiring_.flow.first_contact().is_draining()};
}

control::AttackAnswer ControlDesk::order_attack_mode(const control::AttackQuestion& question,
                                                     TimePoint now) {
  flow::AttackMode& mode = wiring_.flow.first_contact().attack_mode();
  const bool is_accepted = mode.order(question.order, now);
  return {.is_accepted = is_accepted, .is_on = mode.is_on()};
}

Result<std::optional<ControlSocket>> open_control(const settings::Control& settings) {
  if (!settings.enabled) return std::nullopt;
  control::Access access{.own_user = ::geteuid(), .group = std::nullopt};
  if (!settings.group.empty()) {
    const Result<gid_t> group = control::find_group(settings.group);
    if (!group) return fail(group.error().while_doing("control.group"));
    access.group = *group;
  }
  Result<control::Listener> listener = control::Listener::open(settings.socket, access.group);
  if (!listener) return fail(listener.error());
  return ControlSocket{.listener = std::move(*listener), .access = access};
}

Result<std::unique_ptr<control::Server>> serve_control(ControlSocket socket,
                                                       const settings::Settings& settings,
                                                       const control::Server::Wiring& wiring) {
  const control::Server::Admit admit = [access =
                                            socket.access](const control::Credentials& client) {
    if (control::is_allowed(access, client)) return true;
    log::warning("control client turned away", {{"uid", std::to_string(client.user)}});
    return false;
  };
  return control::Server::start(std::move(socket.listener), interface_names_from(settings), admit,
                                control::Limits{}, wiring);
}

} // namespace provisiond::daemon
