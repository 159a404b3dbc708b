#include "flood/command_line.hpp"

#include "initiator/initiation.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace provisiond::flood {

namespace {

constexpr unsigned default_source_bits = 16;

Duration to_duration(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
}

// `mixed` takes turns among those that it was given the means for.
Result<std::vector<Kind>> kinds_of(const Arguments& arguments) {
  if (arguments.kind == "mixed") {
    std::vector<Kind> kinds{Kind::unknown, Kind::replayed, Kind::garbage};
    if (!arguments.keys_file.empty()) kinds.push_back(Kind::valid);
    if (!arguments.claimed.empty()) kinds.push_back(Kind::forged);
    return kinds;
  }
  for (std::size_t i = 0; i < kind_count; ++i) {
    if (arguments.kind == kind_names[i]) return std::vector{static_cast<Kind>(i)};
  }
  return fail(Error{fmt::format("'{}' is no kind of initiation", arguments.kind)});
}

std::uint32_t sources_of(const Arguments& arguments, const IpPrefix& prefix) {
  if (arguments.sources > 0) return arguments.sources;
  const unsigned free_bits = std::min(prefix.address.bits() - prefix.length, default_source_bits);
  return std::max((1U << free_bits) - 1, 1U);
}

Status read_addresses(const Arguments& arguments, Order& order) {
  const std::optional<Endpoint> to = Endpoint::parse(arguments.to);
  if (!to || to->port == 0) return fail(Error{"--to: not ADDRESS:PORT"});
  order.to = *to;
  if (arguments.source_prefix.empty()) {
    if (arguments.sources > 0) return fail(Error{"--sources goes with --source-prefix"});
    return {};
  }
  order.source_prefix = IpPrefix::parse(arguments.source_prefix);
  if (!order.source_prefix) return fail(Error{"--source-prefix: not a prefix"});
  if (order.source_prefix->address.family != to->address.family)
    return fail(Error{"--source-prefix: of another family than --to"});
  order.sources = sources_of(arguments, *order.source_prefix);
  return {};
}

Status read_keys(const Arguments& arguments, Order& order) {
  const std::optional<PublicKey> gateway = PublicKey::parse(arguments.gateway_key);
  if (!gateway) return fail(Error{"--gateway-key: not a public key"});
  if (!initiator::can_be_agreed_with(*gateway))
    return fail(Error{"--gateway-key: nobody can have this key"});
  order.gateway = *gateway;
  if (arguments.claimed.empty()) return {};
  order.claimed = PublicKey::parse(arguments.claimed);
  if (!order.claimed) return fail(Error{"--claim: not a public key"});
  return {};
}

Status check_means(const Arguments& arguments, const Order& order) {
  const bool has_valid = std::ranges::find(order.kinds, Kind::valid) != order.kinds.end();
  if (has_valid && order.keys_file.empty())
    return fail(Error{"valid needs --keys: private keys whose public ones are registered"});
  const bool has_forged = std::ranges::find(order.kinds, Kind::forged) != order.kinds.end();
  if (has_forged && !order.claimed)
    return fail(Error{"forged needs --claim: the public key that is claimed"});
  const bool is_kept =
      order.kinds.size() == 1 && order.kinds[0] != Kind::valid && order.kinds[0] != Kind::garbage;
  if (!is_kept && !(arguments.load_file.empty() && arguments.save_file.empty()))
    return fail(Error{"--load and --save go with unknown, forged and replayed"});
  return {};
}

void declare_amounts(CLI::App& parser, Arguments& arguments) {
  parser.add_option("--rate", arguments.rate, "packets a second")
      ->check(CLI::Range(0.01, highest_rate))
      ->capture_default_str();
  parser.add_option("--seconds", arguments.seconds, "ends after so long, or earlier by --packets")
      ->check(CLI::Range(0.01, most_seconds))
      ->capture_default_str();
  parser.add_option("--packets", arguments.packets, "ends after so many, or earlier by --seconds")
      ->check(CLI::Range(std::uint64_t{1}, most_packets))
      ->capture_default_str();
  parser
      .add_option("--distinct", arguments.distinct,
                  "different initiations to make before the first is sent; then from the beginning")
      ->check(CLI::Range(std::size_t{1}, most_distinct))
      ->capture_default_str();
  parser.add_option("--wait", arguments.wait_seconds, "seconds to wait for the last answers")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
}

void declare_sources(CLI::App& parser, Arguments& arguments) {
  parser.add_option("--from-port", arguments.from_port, "source port; any without it");
  parser.add_option("--source-prefix", arguments.source_prefix,
                    "source addresses, taken in turn: made up, by a raw socket (CAP_NET_RAW); of "
                    "devices (valid) this machine's own");
  parser
      .add_option("--sources", arguments.sources, "how many of them; all, up to 65535, without it")
      ->check(CLI::Range(1U, most_sources));
}

} // namespace

void declare(CLI::App& parser, Arguments& arguments) {
  parser
      .add_option("KIND", arguments.kind,
                  "valid: of the devices in --keys, which you have registered\n"
                  "unknown: of random key pairs\n"
                  "forged: claims the public key --claim, without its private key\n"
                  "replayed: one initiation, again and again (of the first key in --keys)\n"
                  "garbage: noise, wrong sizes, wrong mac1\n"
                  "mixed: all in turn that --keys and --claim make possible")
      ->required()
      ->check(CLI::IsMember({"valid", "unknown", "forged", "replayed", "garbage", "mixed"}));
  parser.add_option("--to", arguments.to, "ADDRESS:PORT or [ADDRESS]:PORT of the gateway")
      ->required();
  parser.add_option("--gateway-key", arguments.gateway_key, "public key of the gateway")
      ->required();
  declare_amounts(parser, arguments);
  parser
      .add_option("--cookies", arguments.cookies,
                  "what to do with a cookie: ignore it, or answer: send again with mac2")
      ->check(CLI::IsMember({"ignore", "answer"}))
      ->capture_default_str();
  declare_sources(parser, arguments);
  parser.add_option("--keys", arguments.keys_file,
                    "file of private keys in base64, one a line, as wg genkey prints them");
  parser.add_option("--claim", arguments.claimed, "the public key that forged ones claim");
  CLI::Option* load = parser.add_option("--load", arguments.load_file,
                                        "send the initiations that --save has written");
  parser
      .add_option("--save", arguments.save_file,
                  "make the initiations, write them to this file, and send nothing")
      ->excludes(load);
  parser.add_flag_callback(
      "--json", [&arguments] { arguments.format = Format::json; }, "the report as a JSON object");
  parser.add_flag_callback(
      "--i-own-the-target", [&arguments] { arguments.target = Target::is_owned; },
      "the target is on another machine, and yours");
}

Result<Order> order_of(const Arguments& arguments) {
  Order order;
  Result<std::vector<Kind>> kinds = kinds_of(arguments);
  if (!kinds) return fail(kinds.error());
  order.kinds = std::move(*kinds);
  if (const Status read = read_addresses(arguments, order); !read) return fail(read.error());
  if (const Status read = read_keys(arguments, order); !read) return fail(read.error());
  order.rate = arguments.rate;
  order.duration = to_duration(arguments.seconds);
  order.packets = arguments.packets;
  order.distinct = arguments.distinct;
  order.patience = to_duration(arguments.wait_seconds);
  order.cookies = arguments.cookies == "answer" ? Cookies::answer : Cookies::ignore;
  order.from_port = arguments.from_port;
  order.keys_file = arguments.keys_file;
  order.load_file = arguments.load_file;
  if (const Status checked = check_means(arguments, order); !checked) return fail(checked.error());
  return order;
}

} // namespace provisiond::flood
