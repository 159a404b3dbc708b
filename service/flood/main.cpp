// wg-handshake-flood: handshake initiations for a gateway of one's own, at a chosen rate and within
// bounds, and a report of what came back. docs/wg-handshake-flood.md says what for.

#include "flood/command_line.hpp"
#include "flood/run.hpp"
#include "flood/supply.hpp"
#include "flood/target.hpp"
#include "initiator/key_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>

namespace {

using namespace provisiond;

constexpr int failed = 1;
constexpr int wrong_usage = 2;

// What a signal handler may touch.
std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// The second time it is not asked: making many packets takes a while.
void ask_to_stop(int signal) {
  stop = true;
  std::signal(signal, SIG_DFL);
}

int complain(const Error& error, int status) {
  fmt::print(stderr, "wg-handshake-flood: {}\n", error.message());
  return status;
}

int save(const flood::Order& order, const std::string& path) {
  const Result<flood::Supply> supply = flood::Supply::make(order);
  if (!supply) return complain(supply.error(), failed);
  const std::vector<InitiationBytes> initiations = supply->initiations(order.kinds.front());
  const Status written = initiator::write_initiations(path, initiations);
  if (!written) return complain(written.error(), failed);
  fmt::print("{} initiations in {}\n", initiations.size(), path);
  return 0;
}

int flood_as(const flood::Arguments& arguments) {
  const Result<flood::Order> order = flood::order_of(arguments);
  if (!order) return complain(order.error(), wrong_usage);
  if (!arguments.save_file.empty()) return save(*order, arguments.save_file);
  if (arguments.target == flood::Target::must_be_here) {
    const Status here = flood::check_stays_here(*order, flood::look_around(order->to));
    if (!here) return complain(here.error(), wrong_usage);
  }
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  const Result<flood::Report> report = flood::run(*order, stop);
  if (!report) return complain(report.error(), failed);
  fmt::print("{}", arguments.format == flood::Format::json ? flood::to_json(*report)
                                                           : flood::to_text(*report));
  return report->ended == flood::Ended::failed ? failed : 0;
}

} // namespace

int main(int argc, char** argv) {
  flood::Arguments arguments;
  CLI::App parser{flood::program_help};
  flood::declare(parser, arguments);
  try {
    parser.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return parser.exit(error) == 0 ? 0 : wrong_usage;
  }
  if (sodium_init() < 0) return complain(Error{"no source of randomness"}, failed);
  try {
    return flood_as(arguments);
  } catch (const std::exception& cause) {
    return complain(Error{cause.what()}, failed);
  }
}
