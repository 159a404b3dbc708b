#include "control/server.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace provisiond::control {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_wait{1'000};
constexpr Duration after_an_error = std::chrono::seconds{1};
constexpr std::size_t answers_at_once = 16;
constexpr int accepted_at_once = 16; // those who connect again and again let others be served

bool may_come_later(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

// The socket's buffer has room for one line.
void tell(const UniqueFd& fd, std::string_view code, std::string_view text) {
  const std::string line = error_line(code, text);
  static_cast<void>(::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL));
}

} // namespace

// Others than root share the places that are not kept for it.
bool has_place_for(uid_t user, std::span<const uid_t> present, const Limits& limits) {
  if (present.size() >= limits.clients) return false;
  if (user == 0) return true;
  const std::size_t own = static_cast<std::size_t>(std::ranges::count(present, user));
  const std::size_t of_root = static_cast<std::size_t>(std::ranges::count(present, uid_t{0}));
  return own < limits.per_user && present.size() - of_root + limits.for_root < limits.clients;
}

Result<std::unique_ptr<Server>> Server::start(Listener listener,
                                              const std::vector<std::string>& interfaces,
                                              Admit admit, const Limits& limits,
                                              const Wiring& wiring) {
  std::unique_ptr<Server> server{
      new Server{std::move(listener), interfaces, std::move(admit), limits, wiring}};
  try {
    server->thread_ = std::thread{[s = server.get()] { s->run(); }};
  } catch (const std::system_error& cause) {
    return fail(Error::system("start the control thread", cause.code().value()));
  }
  return server;
}

Server::Server(Listener listener, const std::vector<std::string>& interfaces, Admit admit,
               const Limits& limits, const Wiring& wiring)
    : listener_{std::move(listener)},
      interfaces_{interfaces}, admit_{std::move(admit)}, limits_{limits}, wiring_{wiring} {}

Server::~Server() {
  wiring_.questions.close();
  wiring_.answers.close();
  if (thread_.joinable()) thread_.join();
}

void Server::run() {
  pthread_setname_np(pthread_self(), "control");
  while (true) {
    wait();
    if (wiring_.answers.closed()) return;
    const TimePoint now = Clock::now();
    take_answers(now);
    if (now >= accept_at_) accept_all();
    for (Client& client : clients_)
      serve(client, now);
    std::erase_if(clients_, [&](const Client& client) {
      return client.is_gone || client.conversation.is_over() || now >= client.cut_at;
    });
  }
}

// Until a client, the loop or a deadline wants something.
void Server::wait() {
  const TimePoint now = Clock::now();
  std::vector<pollfd> watched;
  watched.push_back({wiring_.answers.ready_fd(), POLLIN, 0});
  if (now >= accept_at_) watched.push_back({listener_.fd(), POLLIN, 0});
  Duration pause = longest_wait;
  for (const Client& client : clients_) {
    const bool listens = client.conversation.waits_for_request();
    const bool speaks = !client.conversation.output().empty();
    const int events = (listens ? POLLIN : 0) | (speaks ? POLLOUT : 0);
    watched.push_back({client.fd.get(), static_cast<short>(events), 0});
    pause = std::min(pause, client.cut_at - now);
  }
  const std::int64_t timeout = std::chrono::ceil<milliseconds>(pause).count();
  ::poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(timeout, 0)));
  std::vector<pollfd>::const_iterator state = watched.end() - std::ssize(clients_);
  for (Client& client : clients_)
    client.is_gone = ((state++)->revents & (POLLHUP | POLLERR)) != 0;
}

void Server::accept_all() {
  const TimePoint now = Clock::now();
  for (int i = 0; i < accepted_at_once; ++i) {
    UniqueFd fd{::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!fd) {
      if (!may_come_later(errno) && errno != ECONNABORTED) accept_at_ = now + after_an_error;
      return;
    }
    welcome(std::move(fd), now);
  }
}

void Server::welcome(UniqueFd fd, TimePoint now) {
  const Result<Credentials> credentials = credentials_of(fd.get());
  if (!credentials || !admit_(*credentials))
    return tell(fd, "refused", "only root and members of control.group may ask");
  std::vector<uid_t> present;
  for (const Client& client : clients_)
    present.push_back(client.user);
  if (!has_place_for(credentials->user, present, limits_))
    return tell(fd, "busy", "the control socket has no more places for this user; try again");
  clients_.push_back({.fd = std::move(fd),
                      .user = credentials->user,
                      .ticket = next_ticket_++,
                      .conversation = Conversation{interfaces_},
                      .cut_at = now + limits_.patience});
}

void Server::take_answers(TimePoint now) {
  for (const Answer& answer : wiring_.answers.drain(answers_at_once)) {
    const std::list<Client>::iterator client = std::ranges::find(
        clients_, answer.ticket, [](const Client& waiting) { return waiting.ticket; });
    if (client == clients_.end()) continue; // cut meanwhile
    const std::uint64_t before = client->conversation.progress();
    client->conversation.answered(answer.body, now);
    if (client->conversation.progress() != before) client->cut_at = now + limits_.patience;
  }
}

// As far as it goes without waiting.
void Server::serve(Client& client, TimePoint now) {
  const std::uint64_t before = client.conversation.progress();
  if (client.conversation.waits_for_request()) receive(client);
  ask(client);
  send(client);
  ask(client); // what comes next
  if (client.conversation.progress() != before) client.cut_at = now + limits_.patience;
}

void Server::receive(Client& client) {
  std::array<char, 1024> bytes{};
  const ssize_t count = ::recv(client.fd.get(), bytes.data(), bytes.size(), 0);
  if (count > 0) return client.conversation.hear({bytes.data(), static_cast<std::size_t>(count)});
  if (count == 0) return client.conversation.hear_end();
  if (!may_come_later(errno)) client.is_gone = true;
}

void Server::send(Client& client) {
  const std::string_view output = client.conversation.output();
  if (output.empty()) return;
  const ssize_t count = ::send(client.fd.get(), output.data(), output.size(), MSG_NOSIGNAL);
  if (count >= 0) return client.conversation.sent(static_cast<std::size_t>(count));
  if (!may_come_later(errno)) client.is_gone = true;
}

void Server::ask(Client& client) {
  std::optional<QuestionBody> body = client.conversation.ask();
  if (!body) return;
  Question question{.ticket = client.ticket, .body = std::move(*body)};
  if (!wiring_.questions.push(std::move(question))) client.conversation.could_not_ask();
}

} // namespace provisiond::control
