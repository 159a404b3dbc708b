#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/access.hpp"
#include "control/conversation.hpp"
#include "control/listener.hpp"
#include "control/question.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace provisiond::control {

struct Limits {
  std::size_t clients = 8;  // at a time; one that comes then is told so
  std::size_t for_root = 2; // of these, kept for root: it can resume after a drain
  std::size_t per_user = 3; // of these, for one user that is not root
  // For a request to be complete, for the loop's answer, and for a slice of it to be taken. Then
  // the client is cut.
  Duration patience = std::chrono::seconds{5};
};

// Whether one more client of `user` gets a place, when those of `present` have theirs.
[[nodiscard]] bool has_place_for(uid_t user, std::span<const uid_t> present, const Limits& limits);

// Serves the clients of the control socket. Nothing that they do reaches the loop except a bounded
// question, one per client at a time; and no user, nor all of them together, can keep root out. Who
// a client is, the kernel says.
//
// Threads. control owns the sockets and reads a clock for the clients' patience. Memory: per
// client a request and a slice of an answer.
class Server {
 public:
  struct Wiring {
    Channel<Question>& questions; // control -> loop
    Channel<Answer>& answers;     // loop -> control
  };
  // Whether somebody may ask; called on the control thread.
  using Admit = std::function<bool(const Credentials&)>;

  // `interfaces` are the names, indexed by InterfaceId. Fails when no thread can be made.
  static Result<std::unique_ptr<Server>> start(Listener listener,
                                               const std::vector<std::string>& interfaces,
                                               Admit admit, const Limits& limits,
                                               const Wiring& wiring);
  // Closes both channels and joins at once.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  struct Client {
    UniqueFd fd;
    uid_t user;
    std::uint64_t ticket;
    Conversation conversation;
    TimePoint cut_at;
    bool is_gone = false;
  };

  Server(Listener listener, const std::vector<std::string>& interfaces, Admit admit,
         const Limits& limits, const Wiring& wiring);

  void run();
  void wait();
  void accept_all();
  void welcome(UniqueFd fd, TimePoint now);
  void take_answers(TimePoint now);
  void serve(Client& client, TimePoint now);
  static void receive(Client& client);
  static void send(Client& client);
  void ask(Client& client);

  Listener listener_;
  std::vector<std::string> interfaces_;
  Admit admit_;
  Limits limits_;
  Wiring wiring_;
  std::list<Client> clients_;
  std::uint64_t next_ticket_ = 1;
  TimePoint accept_at_{}; // later than now after an error, so that it does not come without end
  std::thread thread_;
};

} // namespace provisiond::control
