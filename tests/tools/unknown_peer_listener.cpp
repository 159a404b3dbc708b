// Joins a multicast group of a generic netlink family and prints what comes, one JSON object per
// line: {"ready":true} first, then each event of an unknown peer with its bytes in hexadecimal.
// Ends after --seconds or at SIGTERM, when it has read what still waits. The exit status is 2 when
// there is no such family or group, 3 when joining is not permitted.
#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/netlink_socket.hpp"
#include "kernel/wiped_buffer.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>

namespace {

using namespace provisiond;
using Bytes = std::span<const std::uint8_t>;

struct Options {
  std::string family = "wireguard";
  std::string group = "auth";
  double seconds = 60;
  bool deaf = false;
};

// enum wg_cmd and enum wgunknown_attribute of the patched linux/wireguard.h.
constexpr std::uint8_t command_unknown_peer = 2;
enum Attribute : std::uint16_t {
  ifindex = 1,
  ifname,
  public_key,
  endpoint,
  local,
  mac_state,
  initiation,
};

volatile std::sig_atomic_t asked_to_end = 0;
void ask_to_end(int) {
  asked_to_end = 1;
}

void print_line(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

std::string to_json(const Endpoint& endpoint) {
  return fmt::format(R"({{"at":"{}","scope":{}}})", endpoint.to_string(), endpoint.scope);
}

std::string endpoint_json(Bytes payload) {
  sockaddr_storage address{};
  if (payload.size() > sizeof address) return "null";
  std::memcpy(&address, payload.data(), payload.size());
  const std::optional<Endpoint> endpoint = Endpoint::from(
      reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(payload.size()));
  return endpoint ? to_json(*endpoint) : "null";
}

// One member of the event's object; what has the wrong size is null.
std::string member_json(std::uint16_t type, Bytes payload) {
  switch (type) {
  case ifindex: {
    const std::optional<std::uint32_t> value = kernel::read_value<std::uint32_t>(payload);
    return fmt::format(R"("ifindex":{})", value ? std::to_string(*value) : "null");
  }
  case ifname:
    return fmt::format(R"("ifname":"{}")", kernel::read_text(payload));
  case public_key: {
    if (payload.size() != 32) return R"("key":null)";
    return fmt::format(R"("key":"{}")", PublicKey::from(payload.first<32>()).to_string());
  }
  case endpoint:
    return R"("endpoint":)" + endpoint_json(payload);
  case local:
    return R"("local":)" + endpoint_json(payload);
  case mac_state: {
    const std::optional<std::uint8_t> value = kernel::read_value<std::uint8_t>(payload);
    return fmt::format(R"("mac_state":{})", value ? std::to_string(*value) : "null");
  }
  case initiation:
    return fmt::format(R"("initiation":"{:02x}")", fmt::join(payload, ""));
  default:
    return fmt::format(R"("attribute {}":{})", type, payload.size());
  }
}

void print_event(const kernel::NetlinkMessage& message) {
  const std::optional<genlmsghdr> header =
      message.payload.size() < sizeof(genlmsghdr)
          ? std::nullopt
          : kernel::read_value<genlmsghdr>(message.payload.first<sizeof(genlmsghdr)>());
  if (!header || header->cmd != command_unknown_peer) {
    print_line(R"({"event":"other"})");
    return;
  }
  std::string members;
  kernel::for_each_attribute(
      kernel::genl_attributes(message),
      [&](std::uint16_t type, Bytes payload) { members += "," + member_json(type, payload); });
  print_line(fmt::format(R"({{"event":"unknown_peer","version":{}{}}})", header->version, members));
}

// CTRL_CMD_GETFAMILY as it goes to the kernel.
struct FamilyRequest {
  nlmsghdr message{.nlmsg_len = sizeof(FamilyRequest),
                   .nlmsg_type = GENL_ID_CTRL,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = 0,
                   .nlmsg_pid = 0};
  genlmsghdr control{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0};
  nlattr attribute{.nla_len = sizeof(nlattr) + GENL_NAMSIZ, .nla_type = CTRL_ATTR_FAMILY_NAME};
  std::array<char, GENL_NAMSIZ> name{};
};

// The number of the group called `name`, in an answer to CTRL_CMD_GETFAMILY.
std::optional<std::uint32_t> group_in(const kernel::NetlinkMessage& answer,
                                      const std::string& name) {
  std::optional<std::uint32_t> found;
  const auto visit_group = [&](std::uint16_t, Bytes group) {
    std::optional<std::uint32_t> number;
    std::string called;
    kernel::for_each_attribute(group, [&](std::uint16_t type, Bytes payload) {
      if (type == CTRL_ATTR_MCAST_GRP_ID) number = kernel::read_value<std::uint32_t>(payload);
      if (type == CTRL_ATTR_MCAST_GRP_NAME) called = kernel::read_text(payload);
    });
    if (called == name) found = number;
  };
  kernel::for_each_attribute(kernel::genl_attributes(answer),
                             [&](std::uint16_t type, Bytes payload) {
                               if (type == CTRL_ATTR_MCAST_GROUPS) {
                                 kernel::for_each_attribute(payload, visit_group);
                               }
                             });
  return found;
}

Result<std::uint32_t> find_group(kernel::NetlinkSocket& socket, const Options& options) {
  FamilyRequest request;
  request.message.nlmsg_seq = socket.next_sequence();
  options.family.copy(request.name.data(), request.name.size() - 1);
  const Status sent =
      socket.send({reinterpret_cast<const std::uint8_t*>(&request), sizeof request});
  if (!sent) return fail(sent.error());
  kernel::WipedBuffer buffer{kernel::NetlinkSocket::datagram_bytes};
  if (const Status received = socket.receive(buffer); !received) return fail(received.error());
  for (const kernel::NetlinkMessage& message : kernel::split_datagram(buffer.filled())) {
    if (const std::optional<std::uint32_t> group = group_in(message, options.group)) return *group;
  }
  return fail(Error::system("find the group", ENOENT));
}

Status join(kernel::NetlinkSocket& socket, const Options& options) {
  const Result<std::uint32_t> group = find_group(socket, options);
  if (!group) return fail(group.error());
  const std::uint32_t number = *group;
  if (::setsockopt(socket.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number, sizeof number) != 0) {
    return fail(Error::system("join the group", errno));
  }
  return {};
}

bool is_readable(int fd, std::chrono::milliseconds patience) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) > 0;
}

// What was lost is an event, too: {"event":"lost"}.
Status read_and_print(kernel::NetlinkSocket& socket, kernel::WipedBuffer& buffer) {
  const Status received = socket.receive(buffer);
  if (!received && received.error().code() == ENOBUFS) {
    print_line(R"({"event":"lost"})");
    return {};
  }
  if (!received) return received;
  for (const kernel::NetlinkMessage& message : kernel::split_datagram(buffer.filled())) {
    print_event(message);
  }
  return {};
}

Status listen(const Options& options) {
  Result<kernel::NetlinkSocket> socket = kernel::NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return fail(socket.error());
  if (const Status joined = join(*socket, options); !joined) return joined;
  print_line(R"({"ready":true})");

  constexpr std::chrono::milliseconds turn{50};
  kernel::WipedBuffer buffer{kernel::NetlinkSocket::datagram_bytes};
  const TimePoint deadline = Clock::now() + std::chrono::duration_cast<Duration>(
                                                std::chrono::duration<double>{options.seconds});
  while (asked_to_end == 0 && Clock::now() < deadline) {
    if (!is_readable(options.deaf ? -1 : socket->fd(), turn)) continue;
    if (const Status read = read_and_print(*socket, buffer); !read) return read;
  }
  while (is_readable(socket->fd(), std::chrono::milliseconds{0})) {
    if (const Status read = read_and_print(*socket, buffer); !read) return read;
  }
  return {};
}

int exit_status(const Error& error) {
  if (error.code() == ENOENT) return 2;
  return error.code() == EPERM ? 3 : 1;
}

} // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Prints the events of unknown peers that the kernel sends."};
  app.add_option("--family", options.family, "the generic netlink family");
  app.add_option("--group", options.group, "its multicast group");
  app.add_option("--seconds", options.seconds, "how long to listen")->check(CLI::Range(0.0, 600.0));
  app.add_flag("--deaf", options.deaf, "read nothing before the end");
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGTERM, ask_to_end);
  const Status done = listen(options);
  if (done) return 0;
  std::fputs(fmt::format("unknown_peer_listener: {}\n", done.error().message()).c_str(), stderr);
  return exit_status(done.error());
}
