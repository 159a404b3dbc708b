#include "postgres/query_watch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace provisiond::postgres {

Status QueryWatch::attach(int socket) {
  UniqueFd duplicate{::fcntl(socket, F_DUPFD_CLOEXEC, 3)};
  if (!duplicate) return fail(Error::system("watch the database socket", errno));
  state_.with([&](State& state) {
    state.socket = std::move(duplicate);
    state.in_flight = false;
    state.expired = false;
    state.hung_up = false;
    state.ends_at.reset();
    if (state.cut) ::shutdown(state.socket.get(), SHUT_RDWR);
  });
  return {};
}

void QueryWatch::detach() {
  state_.with([](State& state) {
    state.socket.reset();
    state.in_flight = false;
    state.hung_up = false;
  });
}

void QueryWatch::begin() {
  state_.with([](State& state) {
    state.in_flight = true;
    state.ends_at.reset();
  });
}

void QueryWatch::end() {
  state_.with([](State& state) { state.in_flight = false; });
}

void QueryWatch::tick(TimePoint now) {
  state_.with([&](State& state) {
    if (!state.socket) return;
    if (state.in_flight)
      watch_query(state, now);
    else
      watch_idle(state);
  });
}

void QueryWatch::watch_query(State& state, TimePoint now) const {
  if (state.expired) return;
  if (!state.ends_at) state.ends_at = now + limit_;
  if (now < *state.ends_at) return;
  state.expired = true;
  ::shutdown(state.socket.get(), SHUT_RDWR);
}

void QueryWatch::watch_idle(State& state) {
  pollfd socket{.fd = state.socket.get(), .events = POLLRDHUP, .revents = 0};
  if (::poll(&socket, 1, 0) == 1) state.hung_up = true;
}

void QueryWatch::cut() {
  state_.with([](State& state) {
    state.cut = true;
    if (state.socket) ::shutdown(state.socket.get(), SHUT_RDWR);
  });
}

bool QueryWatch::has_expired() const {
  return state_.with([](const State& state) { return state.expired; });
}

bool QueryWatch::has_hung_up() const {
  return state_.with([](const State& state) { return state.hung_up; });
}

bool QueryWatch::is_cut() const {
  return state_.with([](const State& state) { return state.cut; });
}

} // namespace provisiond::postgres
