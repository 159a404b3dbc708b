#include "daemon/remarks.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <string_view>

namespace provisiond::daemon {

namespace {

// Another gateway that is alive under our name. False: the event is not of this kind.
bool remark_on_name(const lookup::PoolEvent& event) {
  constexpr std::string_view remedy = "give one of them another name: gateway: in its settings";
  switch (event.kind) {
  case lookup::PoolEvent::Kind::same_name:
    log::warning("another gateway is alive under the same name",
                 {{"host", event.text}, {"remedy", std::string{remedy}}});
    return true;
  case lookup::PoolEvent::Kind::name_refused:
    log::warning("another gateway had the same name first, on another machine; the database takes "
                 "no session of this one",
                 {{"host", event.text}, {"remedy", std::string{remedy}}});
    return true;
  case lookup::PoolEvent::Kind::name_is_free:
    log::info("no other gateway is alive under the same name any more");
    return true;
  default:
    return false;
  }
}

// The level of a problem: news the first time. Keeps it in `known`.
log::Level level_of(const std::string& problem, std::string& known) {
  if (problem == known) return log::Level::debug;
  known = problem;
  return log::Level::warning;
}

} // namespace

void remark_on(const lookup::Gateway& gateway, const std::string& configured) {
  const bool is_host_name = configured.empty() && gateway.machine.empty();
  if (is_host_name) {
    return log::warning("no machine id, the gateway is called by its host name; set gateway: in "
                        "the settings, so that it keeps its name",
                        {{"gateway", gateway.name}});
  }
  log::info("gateway", {{"name", gateway.name}, {"run", gateway.run}});
}

void remark_on(const lookup::PoolEvent& event, DatabaseProblems& known) {
  if (remark_on_name(event)) return;
  const std::string session = event.session ? std::to_string(*event.session) : "reports";
  if (event.kind == lookup::PoolEvent::Kind::connected) {
    known = {};
    log::info("database session connected", {{"session", session}, {"to", event.text}});
    return;
  }
  if (event.kind == lookup::PoolEvent::Kind::enrolment_failed) {
    return log::write(level_of(event.text, known.unenrolled),
                      "a device passed its trial and could not be enrolled, it may knock again",
                      {{"session", session}, {"error", event.text}});
  }
  if (event.kind == lookup::PoolEvent::Kind::not_reported) {
    return log::write(level_of(event.text, known.unreported),
                      "the database is not told of refused keys and active peers",
                      {{"error", event.text}});
  }
  const bool is_schema = event.kind == lookup::PoolEvent::Kind::schema_mismatch;
  log::write(level_of(event.text, known.lost),
             is_schema ? "database schema does not fit, trying again"
                       : "database session lost, trying again",
             {{"session", session},
              {"error", event.text},
              {"retry_in", fmt::format("{}ms", event.retry_in.count())}});
}

void remark_on(const lookup::FeedEvent& event, DatabaseProblems& known) {
  switch (event.kind) {
  case lookup::FeedEvent::Kind::listening:
    known.lost.clear();
    return log::info("listening for changes", {{"to", event.text}});
  case lookup::FeedEvent::Kind::polling:
    known.lost.clear();
    return log::warning("polling for changes, they take up to database.poll-interval",
                        {{"because", event.text}});
  case lookup::FeedEvent::Kind::lost:
    return log::write(
        level_of(event.text, known.lost),
        "change feed lost, trying again; all keys are looked up anew then",
        {{"error", event.text}, {"retry_in", fmt::format("{}ms", event.retry_in.count())}});
  }
}

void remark_on(const events::SourceRemark& remark, const std::string& interface) {
  if (remark.kind == events::SourceRemark::Kind::overran) {
    log::warning("event source loses first packets, clients will repeat them",
                 {{"source", std::string{to_string(remark.source)}}, {"lost", remark.reason}});
    return;
  }
  const bool serves = remark.kind == events::SourceRemark::Kind::serves;
  log::write(serves ? log::Level::info : log::Level::warning,
             serves ? "event source" : "event source failed, trying the next one",
             {{"interface", interface},
              {"source", std::string{to_string(remark.source)}},
              {serves ? "because" : "error", remark.reason}});
}

// Without CAP_NET_ADMIN the kernel cuts the buffer to net.core.rmem_max. It counts twice what is
// asked for.
void remark_on_buffer(const events::CaptureSource& source) {
  const std::size_t wanted = 2 * events::CaptureSource::Limits{}.buffer_bytes;
  if (source.granted_buffer_bytes() >= wanted) return;
  log::warning(
      "small capture buffer, bursts may be lost; grant CAP_NET_ADMIN or raise net.core.rmem_max",
      {{"bytes", std::to_string(source.granted_buffer_bytes())},
       {"wanted", std::to_string(wanted)}});
}

} // namespace provisiond::daemon
