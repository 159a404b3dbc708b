#include "daemon/event_loop.hpp"

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <csignal>
#include <map>
#include <utility>

namespace provisiond::daemon {

namespace {

// Where each turn begins and ends. The first callback of a turn posts a mark, which stands in the
// context's queue behind all that became ready with it; when its time comes, the context has looked
// once, without waiting, at what is ready next.
class TurnClock {
 public:
  explicit TurnClock(asio::io_context& context) : context_{context} {}

  // Each callback says that it begins.
  void begin() {
    if (!report || is_open_) return;
    is_open_ = true;
    began_ = Clock::now();
    asio::post(context_, [this] {
      is_open_ = false;
      report(Clock::now() - began_);
    });
  }

  std::function<void(Duration)> report;

 private:
  asio::io_context& context_;
  TimePoint began_;
  bool is_open_ = false;
};

// Watches one descriptor that belongs to another object.
struct ReadableWatch : std::enable_shared_from_this<ReadableWatch> {
  ReadableWatch(asio::io_context& context, TurnClock& clock, int fd, std::function<void()> function)
      : turns{clock}, descriptor{context, fd}, callback{std::move(function)} {}
  ~ReadableWatch() {
    if (descriptor.is_open()) descriptor.release();
  }
  ReadableWatch(const ReadableWatch&) = delete;
  ReadableWatch& operator=(const ReadableWatch&) = delete;

  void wait() {
    std::shared_ptr<ReadableWatch> self = shared_from_this();
    descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                          [self](const std::error_code& error) {
                            if (error || !self->descriptor.is_open()) return;
                            self->turns.begin();
                            self->callback();
                            if (self->descriptor.is_open()) self->wait();
                          });
  }

  TurnClock& turns;
  asio::posix::stream_descriptor descriptor;
  std::function<void()> callback;
};

void wait_for_signal(asio::signal_set& signals, TurnClock& turns,
                     const std::function<void()>& callback) {
  signals.async_wait([&signals, &turns, callback](const std::error_code& error, int /*signal*/) {
    if (error) return;
    turns.begin();
    callback();
    wait_for_signal(signals, turns, callback);
  });
}

} // namespace

struct EventLoop::Impl {
  asio::io_context context{1};
  TurnClock turns{context};
  asio::signal_set terminations{context};
  asio::signal_set hangups{context};
  std::map<int, std::shared_ptr<ReadableWatch>> watches;
};

EventLoop::EventLoop() : impl_{std::make_unique<Impl>()} {}
EventLoop::~EventLoop() {
  while (!impl_->watches.empty())
    forget(impl_->watches.begin()->first);
}

void EventLoop::on_readable(int fd, std::function<void()> callback) {
  std::shared_ptr<ReadableWatch> watch =
      std::make_shared<ReadableWatch>(impl_->context, impl_->turns, fd, std::move(callback));
  watch->wait();
  impl_->watches.insert_or_assign(fd, std::move(watch));
}

void EventLoop::forget(int fd) {
  const std::map<int, std::shared_ptr<ReadableWatch>>::iterator found = impl_->watches.find(fd);
  if (found == impl_->watches.end()) return;
  found->second->descriptor.release(); // cancels the wait
  impl_->watches.erase(found);
}

void EventLoop::after(Duration delay, std::function<void()> callback) {
  std::shared_ptr<asio::steady_timer> timer =
      std::make_shared<asio::steady_timer>(impl_->context, delay);
  timer->async_wait(
      [timer, &turns = impl_->turns, function = std::move(callback)](const std::error_code& error) {
        if (error) return;
        turns.begin();
        function();
      });
}

void EventLoop::on_termination(const std::function<void()>& callback) {
  impl_->terminations.add(SIGTERM);
  impl_->terminations.add(SIGINT);
  wait_for_signal(impl_->terminations, impl_->turns, callback);
}

void EventLoop::on_hangup(const std::function<void()>& callback) {
  impl_->hangups.add(SIGHUP);
  wait_for_signal(impl_->hangups, impl_->turns, callback);
}

void EventLoop::on_turn(std::function<void(Duration)> callback) {
  impl_->turns.report = std::move(callback);
}

void EventLoop::run() {
  impl_->context.run();
}
void EventLoop::stop() {
  impl_->context.stop();
}

} // namespace provisiond::daemon
