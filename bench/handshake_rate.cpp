// Measures how many handshakes of known peers a gateway completes in a second: each key initiates
// once per pass, a fixed number of them under way at a time, and what counts is the responses. For
// each line on standard input one pass is made and one line printed: handshakes per second, and how
// many initiations went unanswered. Initiations are made before the clock starts.

#include "base/clock.hpp"
#include "initiator/crafted_packets.hpp"
#include "initiator/initiation.hpp"
#include "initiator/key_file.hpp"
#include "initiator/packet_sender.hpp"
#include "wire/messages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace provisiond;
using namespace std::chrono_literals;

struct Options {
  std::string private_key_file;
  std::string responder;
  std::string to;
  std::size_t window = 64; // the kernel is under load from 512 on
};

// An initiation that is answered late is not waited for.
constexpr Duration patience = 2s;

struct Pass {
  double per_second = 0;
  std::size_t unanswered = 0;
};

bool is_response(const initiator::Received& packet) {
  return packet.size == wire::ResponseLayout::size &&
         packet.bytes[0] == static_cast<std::uint8_t>(wire::MessageType::response);
}

Result<Pass> make_pass(initiator::PacketSender& sender,
                       const std::vector<InitiationBytes>& initiations, std::size_t window) {
  const TimePoint begin = Clock::now();
  TimePoint last_answer = begin;
  std::size_t sent = 0;
  std::size_t answered = 0;
  while (answered < initiations.size()) {
    while (sent < initiations.size() && sent - answered < window) {
      const Status status = sender.send(initiations[sent]);
      if (!status) return fail(status.error());
      ++sent;
    }
    const Result<std::optional<initiator::Received>> received =
        sender.receive(Clock::now() + patience);
    if (!received) return fail(received.error());
    if (!*received) break;
    if (!is_response(**received)) continue;
    ++answered;
    last_answer = Clock::now();
  }
  const double seconds = std::chrono::duration<double>(last_answer - begin).count();
  return Pass{.per_second = seconds > 0 ? static_cast<double>(answered) / seconds : 0,
              .unanswered = initiations.size() - answered};
}

Status run(const Options& options) {
  const std::optional<PublicKey> responder = PublicKey::parse(options.responder);
  if (!responder) return fail(Error{"--responder: not a public key"});
  const std::optional<Endpoint> to = Endpoint::parse(options.to);
  if (!to) return fail(Error{"--to: not an address and port"});
  const Result<std::vector<Secret<32>>> keys =
      initiator::read_private_keys(options.private_key_file);
  if (!keys) return fail(keys.error());
  Result<initiator::PacketSender> sender =
      initiator::PacketSender::open({.to = *to, .source_prefix = {}});
  if (!sender) return fail(sender.error());
  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<InitiationBytes> initiations =
        initiator::initiations_of(*keys, *responder, initiator::TimestampKind::now);
    const Result<Pass> pass = make_pass(*sender, initiations, options.window);
    if (!pass) return fail(pass.error());
    fmt::print("{:.3f} {}\n", pass->per_second, pass->unanswered);
    std::fflush(stdout);
  }
  return {};
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Measures how many handshakes of known peers a gateway completes in a second."};
  app.add_option("--private-key-file", options.private_key_file, "base64, one per line")
      ->required();
  app.add_option("--responder", options.responder, "public key of the gateway")->required();
  app.add_option("--to", options.to, "ADDRESS:PORT of the gateway")->required();
  app.add_option("--window", options.window, "handshakes under way")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (sodium_init() < 0) return 1;
  const Status done = run(options);
  if (done) return 0;
  std::fputs(fmt::format("handshake_rate: {}\n", done.error().message()).c_str(), stderr);
  return 1;
}
