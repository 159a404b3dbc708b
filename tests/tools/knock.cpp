// Sends crafted packets at a WireGuard port: the source of the scenario tests and the benchmarks.
// Prints JSON lines: what was sent and, with --listen, what came back. Only for one's own machines.

#include "base/public_key.hpp"
#include "initiator/crafted_packets.hpp"
#include "initiator/initiation.hpp"
#include "initiator/key_file.hpp"
#include "initiator/packet_sender.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>

#include <cstdio>
#include <map>
#include <thread>

namespace provisiond::test {

using namespace initiator;

namespace {

// What the command line said, not yet understood.
struct Arguments {
  std::string to;
  std::uint16_t from_port = 0;
  std::string responder;
  std::size_t count = 0; // 0: each prepared packet once
  double rate = 0;       // 0: as fast as it goes
  std::uint32_t source_spread = 0;
  std::string source_prefix;
  double listen_seconds = 0;
  std::string claim;
  std::string private_key_file;
  TimestampKind timestamp = TimestampKind::now;
  std::string save;
  std::string load;
  std::string out;
};

// The packets of one run; sent in order and from the beginning again until `count` are sent.
struct Batch {
  std::vector<Payload> payloads;
  std::size_t count = 0;
};

Result<PublicKey> parse_key(const std::string& text, std::string_view option) {
  const std::optional<PublicKey> key = PublicKey::parse(text);
  if (!key) return fail(Error{fmt::format("{}: not a public key", option)});
  return *key;
}

Result<SenderOptions> sender_options(const Arguments& arguments) {
  SenderOptions options{.to = {},
                        .from_port = arguments.from_port,
                        .source_prefix = IpPrefix::parse(arguments.source_prefix),
                        .source_spread = arguments.source_spread};
  const std::optional<Endpoint> to = Endpoint::parse(arguments.to);
  if (!to) return fail(Error{"--to: not an address and port"});
  options.to = *to;
  if (!arguments.source_prefix.empty() && !options.source_prefix) {
    return fail(Error{"--source-prefix: not a prefix"});
  }
  return options;
}

// Prepared initiations, saved if that was asked for.
Result<Batch> batch_of(const std::vector<InitiationBytes>& initiations,
                       const Arguments& arguments) {
  if (!arguments.save.empty()) {
    const Status saved = write_initiations(arguments.save, initiations);
    if (!saved) return fail(saved.error());
  }
  const std::size_t count = arguments.count > 0 ? arguments.count : initiations.size();
  return Batch{.payloads = to_payloads(initiations), .count = count};
}

Result<Batch> prepare_key(const Arguments& arguments) {
  if (!arguments.load.empty()) {
    const Result<std::vector<InitiationBytes>> loaded = read_initiations(arguments.load);
    if (!loaded) return fail(loaded.error());
    return batch_of(*loaded, arguments);
  }
  const Result<PublicKey> responder = parse_key(arguments.responder, "--responder");
  if (!responder) return fail(responder.error());
  const Result<std::vector<Secret<32>>> keys = read_private_keys(arguments.private_key_file);
  if (!keys) return fail(keys.error());
  return batch_of(initiations_of(*keys, *responder, arguments.timestamp), arguments);
}

Result<Batch> prepare_forged(const Arguments& arguments, std::size_t count) {
  const Result<PublicKey> responder = parse_key(arguments.responder, "--responder");
  if (!responder) return fail(responder.error());
  const Result<PublicKey> claimed = parse_key(arguments.claim, "--claim");
  if (!claimed) return fail(claimed.error());
  return batch_of(forged_initiations(count, *claimed, *responder), arguments);
}

Result<Batch> prepare(const std::string& mode, const Arguments& arguments) {
  const std::size_t count = std::max<std::size_t>(arguments.count, 1);
  if (mode == "garbage") return Batch{.payloads = garbage(count), .count = count};
  if (mode == "key") return prepare_key(arguments);
  if (mode == "forged") return prepare_forged(arguments, count);

  const Result<PublicKey> responder = parse_key(arguments.responder, "--responder");
  if (!responder) return fail(responder.error());
  if (mode == "random") return batch_of(initiations_of_random_keys(count, *responder), arguments);
  if (mode == "replay") return batch_of(initiations_of_random_keys(1, *responder), arguments);
  if (mode == "truncated") return Batch{.payloads = truncated(count, *responder), .count = count};
  return Batch{.payloads = oversized(count, *responder), .count = count};
}

double seconds_since(TimePoint start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Status send_batch(PacketSender& sender, const Batch& batch, double rate) {
  const TimePoint start = Clock::now();
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (rate > 0) {
      const std::chrono::duration<double> due{static_cast<double>(i) / rate};
      std::this_thread::sleep_until(start + std::chrono::duration_cast<Duration>(due));
    }
    const Status sent = sender.send(batch.payloads[i % batch.payloads.size()]);
    if (!sent) return fail(sent.error());
  }
  fmt::print("{{\"event\":\"sent\",\"count\":{},\"seconds\":{:.6f}}}\n", batch.count,
             seconds_since(start));
  return {};
}

// Prints what arrives until the time is over.
Status listen(PacketSender& sender, TimePoint start, double seconds) {
  const TimePoint deadline =
      Clock::now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
  while (Clock::now() < deadline) {
    const Result<std::optional<Received>> received = sender.receive(deadline);
    if (!received) return fail(received.error());
    if (!*received) continue;
    const Received& packet = **received;
    fmt::print("{{\"event\":\"received\",\"type\":\"{}\",\"length\":{},\"from\":\"{}\","
               "\"seconds\":{:.6f}}}\n",
               describe(std::span{packet.bytes}.first(packet.size)), packet.size,
               packet.from.to_string(), seconds_since(start));
    std::fflush(stdout);
  }
  return {};
}

Status generate_keys(const Arguments& arguments) {
  std::vector<Secret<32>> private_keys;
  const std::size_t count = std::max<std::size_t>(arguments.count, 1);
  std::string public_keys;
  for (std::size_t i = 0; i < count; ++i) {
    KeyPair pair = make_key_pair();
    public_keys += pair.public_key.to_string() + '\n';
    private_keys.push_back(std::move(pair.private_key));
  }
  Status written = write_private_keys(arguments.out, private_keys);
  if (written) fmt::print("{}", public_keys);
  return written;
}

Status knock(const std::string& mode, const Arguments& arguments) {
  if (mode == "genkey") return generate_keys(arguments);
  const Result<Batch> batch = prepare(mode, arguments);
  if (!batch) return fail(batch.error().while_doing("prepare packets"));
  if (batch->payloads.empty()) return fail(Error{"prepare packets: there are none"});
  if (arguments.to.empty() && !arguments.save.empty()) return {};

  const Result<SenderOptions> options = sender_options(arguments);
  if (!options) return fail(options.error());
  Result<PacketSender> sender = PacketSender::open(*options);
  if (!sender) return fail(sender.error());
  const TimePoint start = Clock::now();
  const Status sent = send_batch(*sender, *batch, arguments.rate);
  if (!sent) return fail(sent.error());
  return listen(*sender, start, arguments.listen_seconds);
}

void add_common_options(CLI::App& app, Arguments& arguments) {
  app.add_option("--to", arguments.to, "ADDRESS:PORT or [ADDRESS]:PORT to send to");
  app.add_option("--from-port", arguments.from_port, "source port; 0 is any");
  app.add_option("--responder", arguments.responder, "public key of the interface at --to");
  app.add_option("--count", arguments.count, "packets to send, or keys to make")
      ->check(CLI::Range(std::size_t{1}, maximum_packets));
  app.add_option("--rate", arguments.rate, "packets per second; 0 is as fast as it goes")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--source-spread", arguments.source_spread,
                 "made-up source addresses, taken in turn (raw socket, own namespaces only)")
      ->check(CLI::Range(1U, 1U << 24U));
  app.add_option("--source-prefix", arguments.source_prefix, "where they are taken from");
  app.add_option("--listen", arguments.listen_seconds, "seconds to print what comes back")
      ->check(CLI::Range(0.0, 600.0));
  app.add_option("--save", arguments.save, "also write the initiations to this file");
}

void add_modes(CLI::App& app, Arguments& arguments) {
  app.add_subcommand("random", "initiations of fresh random keys that prove themselves");
  app.add_subcommand("replay", "one initiation of a random key, over and over");
  app.add_subcommand("garbage", "noise, half of it shaped like initiations");
  app.add_subcommand("truncated", "initiations cut short");
  app.add_subcommand("oversized", "initiations with bytes after them");

  CLI::App* forged = app.add_subcommand("forged", "initiations that claim a key they do not hold");
  forged->add_option("--claim", arguments.claim, "the claimed public key")->required();

  CLI::App* key = app.add_subcommand("key", "a real initiation of each given private key");
  CLI::Option* from_keys =
      key->add_option("--private-key-file", arguments.private_key_file, "base64, one per line");
  CLI::Option* from_save =
      key->add_option("--load", arguments.load, "send what --save has written");
  from_keys->excludes(from_save);
  const std::map<std::string, TimestampKind> kinds{{"now", TimestampKind::now},
                                                   {"past", TimestampKind::past},
                                                   {"future", TimestampKind::future}};
  key->add_option("--timestamp", arguments.timestamp, "an hour past, ten years in the future")
      ->transform(CLI::CheckedTransformer(kinds));

  CLI::App* genkey =
      app.add_subcommand("genkey", "private keys to a file, the public ones to the output");
  genkey->alias("genkeys");
  genkey->add_option("--out", arguments.out, "file for the private keys")->required();
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Send crafted packets at a WireGuard port."};
  app.require_subcommand(1);
  app.fallthrough();
  add_common_options(app, arguments);
  add_modes(app, arguments);
  CLI11_PARSE(app, argc, argv);

  if (sodium_init() < 0) {
    fmt::print(stderr, "knock: no source of randomness\n");
    return 1;
  }
  const Status status = knock(app.get_subcommands().front()->get_name(), arguments);
  if (!status) fmt::print(stderr, "knock: {}\n", status.error().message());
  return status ? 0 : 1;
}

} // namespace

} // namespace provisiond::test

int main(int argc, char** argv) {
  return provisiond::test::run(argc, argv);
}
