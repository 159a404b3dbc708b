#include "postgres/database_thread.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>

#include <system_error>
#include <utility>

namespace provisiond::postgres {

DatabaseThread::DatabaseThread(const Setup& setup)
    : name_{setup.name}, backoff_{setup.pause_minimum, setup.pause_maximum, randombytes_random()},
      watches_{QueryWatch{setup.query_deadline}, QueryWatch{setup.query_deadline}} {}

DatabaseThread::~DatabaseThread() {
  stop();
  if (thread_.joinable()) thread_.join();
}

Status DatabaseThread::start(Work work) {
  try {
    thread_ = std::thread{[this, w = std::move(work)] { run(w); }};
  } catch (const std::system_error& cause) {
    return fail(Error::system(fmt::format("start the thread {}", name_), cause.code().value()));
  }
  return {};
}

void DatabaseThread::run(const Work& work) {
  pthread_setname_np(pthread_self(), name_.c_str());
  Next next = Next::again;
  while (next == Next::again || (next == Next::pause && pause_.wait()))
    next = work.stretch();
  if (work.end) work.end();
  static_cast<void>(ended_.push(Ended{}));
}

void DatabaseThread::tick(TimePoint now) {
  for (QueryWatch& watch : watches_)
    watch.tick(now);
  pause_.tick(now);
}

bool DatabaseThread::hurry(std::chrono::milliseconds longest, TimePoint now) {
  return pause_.hurry(longest, now);
}

void DatabaseThread::finish() {
  is_stopping_ = true;
  pause_.close();
}

void DatabaseThread::stop() {
  finish();
  for (QueryWatch& watch : watches_)
    watch.cut();
}

bool DatabaseThread::ends_within(std::chrono::milliseconds limit) {
  if (!thread_.joinable()) return true;
  pollfd ended{.fd = ended_.ready_fd(), .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, static_cast<int>(limit.count())) == 1;
}

Result<std::unique_ptr<Connection>> DatabaseThread::connect(const Route& route, std::size_t place) {
  return Connection::open(route, watches_.at(place));
}

std::chrono::milliseconds DatabaseThread::pause_after_failure() {
  const std::chrono::milliseconds delay = backoff_.next();
  pause_.begin(delay);
  return delay;
}

} // namespace provisiond::postgres
