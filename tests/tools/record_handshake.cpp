// Plays a gateway under load to one WireGuard client and writes down what it sends, as the C++
// header tests/unit/authenticate/vectors.hpp: an initiation, the cookie reply to it, and the next
// initiation, which carries the cookie. Run by record_handshake.sh; fails when the client does not
// do as the white paper says.

#include "authenticate/cookie.hpp"
#include "authenticate/interface_identity.hpp"
#include "base/unique_fd.hpp"
#include "initiator/initiation.hpp"
#include "initiator/key_file.hpp"
#include "wire/messages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <cerrno>

namespace provisiond::test {

using namespace initiator;

namespace {

using authenticate::CookieChecker;
using authenticate::CookieVerdict;
using authenticate::InterfaceIdentity;

// The client retries after 5 s; twice that is plenty.
constexpr timeval patience{.tv_sec = 12, .tv_usec = 0};

Result<UniqueFd> open_socket(const Endpoint& local) {
  UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!fd) return fail(Error::system("open socket", errno));
  sockaddr_storage storage;
  const socklen_t length = local.to_sockaddr(storage);
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    return fail(Error::system("bind socket", errno));
  }
  return fd;
}

Result<Sighting> receive_initiation(int fd) {
  std::array<std::uint8_t, 2048> bytes{};
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const ssize_t size =
      ::recvfrom(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
  if (size < 0) return fail(Error::system("receive initiation", errno));
  const std::optional<wire::InitiationView> view =
      wire::view_initiation(std::span{bytes}.first(static_cast<std::size_t>(size)));
  const std::optional<Endpoint> source =
      Endpoint::from(reinterpret_cast<const sockaddr*>(&from), length);
  if (!view || !source) return fail(Error{"receive initiation: something else arrived"});

  Sighting sighting{.interface = {},
                    .source = *source,
                    .local = {},
                    .seen_at = Clock::now(),
                    .seen_at_wall = WallClock::now()};
  std::ranges::copy(view->bytes(), sighting.initiation.begin());
  return sighting;
}

Status send(int fd, const Endpoint& to, std::span<const std::uint8_t> bytes) {
  sockaddr_storage storage;
  const socklen_t length = to.to_sockaddr(storage);
  if (::sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&storage),
               length) < 0) {
    return fail(Error::system("send cookie reply", errno));
  }
  return {};
}

template <class Range>
void print_bytes(std::string_view name, const Range& bytes) {
  fmt::print("inline constexpr std::string_view {} =\n    \"{:02x}\";\n", name,
             fmt::join(bytes, ""));
}

void print_time(std::string_view name, WallTime time) {
  fmt::print("inline constexpr std::int64_t {} = {};\n", name, time.time_since_epoch().count());
}

Status record(const InterfaceIdentity& identity, const PublicKey& initiator, int fd) {
  const Result<Sighting> first = receive_initiation(fd);
  if (!first) return fail(first.error());
  CookieChecker checker{first->seen_at};
  const wire::CookieReplyBytes reply = checker.reply(identity, *first, first->seen_at);
  const Status sent = send(fd, first->source, reply);
  if (!sent) return fail(sent.error());

  const Result<Sighting> second = receive_initiation(fd);
  if (!second) return fail(second.error().while_doing("wait for the retry"));
  const std::optional<Cookie> cookie =
      open_cookie_reply(reply, identity.public_key(), first->initiation);
  if (!cookie || checker.check(*second, second->seen_at) != CookieVerdict::valid_mac2) {
    return fail(Error{"the client did not use the cookie"});
  }

  print_bytes("responder_private_key", identity.private_key());
  print_bytes("initiator_public_key", initiator.bytes);
  print_bytes("first_initiation", first->initiation);
  print_time("first_received_at", first->seen_at_wall);
  print_bytes("cookie_reply", reply);
  print_bytes("cookie", *cookie);
  print_bytes("second_initiation", second->initiation);
  print_time("second_received_at", second->seen_at_wall);
  return {};
}

Status run(const std::string& listen, const std::string& key_file, const std::string& initiator) {
  const std::optional<Endpoint> local = Endpoint::parse(listen);
  const std::optional<PublicKey> initiator_key = PublicKey::parse(initiator);
  if (!local || !initiator_key) return fail(Error{"--listen or --initiator is malformed"});
  const Result<std::vector<Secret<32>>> keys = read_private_keys(key_file);
  if (!keys || keys->size() != 1) return fail(Error{"--private-key-file holds no single key"});
  const Result<std::shared_ptr<const InterfaceIdentity>> identity =
      InterfaceIdentity::make(keys->front());
  if (!identity) return fail(identity.error());
  const Result<UniqueFd> socket = open_socket(*local);
  if (!socket) return fail(socket.error());
  return record(**identity, *initiator_key, socket->get());
}

} // namespace

} // namespace provisiond::test

int main(int argc, char** argv) {
  std::string listen;
  std::string key_file;
  std::string initiator;
  CLI::App app{"Record the handshake of a WireGuard client as test vectors."};
  app.add_option("--listen", listen, "ADDRESS:PORT")->required();
  app.add_option("--private-key-file", key_file, "the responder's, throw-away")->required();
  app.add_option("--initiator", initiator, "the client's public key")->required();
  CLI11_PARSE(app, argc, argv);
  const provisiond::Status status = provisiond::test::run(listen, key_file, initiator);
  if (!status) fmt::print(stderr, "record_handshake: {}\n", status.error().message());
  return status ? 0 : 1;
}
