#include "daemon/remarks.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

namespace provisiond::daemon {

void remark_on(const lookup::PoolEvent& event, std::string& last_problem) {
  const std::string session = std::to_string(event.session);
  if (event.kind == lookup::PoolEvent::Kind::connected) {
    last_problem.clear();
    log::info("database session connected", {{"session", session}, {"to", event.text}});
    return;
  }
  const bool is_known = event.text == last_problem;
  last_problem = event.text;
  const bool is_schema = event.kind == lookup::PoolEvent::Kind::schema_mismatch;
  log::write(is_known ? log::Level::debug : log::Level::warning,
             is_schema ? "database schema does not fit, trying again"
                       : "database session lost, trying again",
             {{"session", session},
              {"error", event.text},
              {"retry_in", fmt::format("{}ms", event.retry_in.count())}});
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
