#include "events/probe_loader.hpp"

#include "events/probe_exchange.hpp"
#include "events/probe_support.hpp"
#include "kernel/confinement.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>

namespace provisiond::events {

namespace {

Result<UniqueFd> connect_to_service() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string_view path{ProbeLoader::service_socket};
  std::copy(path.begin(), path.end(), address.sun_path);
  UniqueFd fd{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  if (!fd) return fail(Error::system("make a socket", errno));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(Error::system(fmt::format("connect to {}", ProbeLoader::service_socket), errno));
  return fd;
}

} // namespace

Result<std::unique_ptr<ProbeLoader>> ProbeLoader::start() {
  std::unique_ptr<ProbeLoader> loader{new ProbeLoader};
  loader->is_served_ = ::access(service_socket, F_OK) == 0;
  if (loader->is_served_ || !kernel::has_capability(CAP_SYS_ADMIN)) return loader;
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
    return fail(Error::system("make a socket for the probe loader", errno));
  loader->child_.reset(pair[0]);
  const UniqueFd there{pair[1]};
  ::signal(SIGCHLD, SIG_IGN); // NOLINT(bugprone-signal-handler): nobody waits for the child
  const pid_t child = ::fork();
  if (child < 0) return fail(Error::system("make the probe loader", errno));
  if (child > 0) return loader;
  loader.reset(); // the daemon's end
  ::_exit(serve_probe_loader(there.get()) ? 0 : 1);
}

Result<std::unique_ptr<KernelProbe>> ProbeLoader::open(const KernelProbe::Limits& limits) {
  if (std::optional<Error> obstacle = probe_obstacle()) return fail(*std::move(obstacle));
  if (!is_there()) return fail(probe_not_permitted());
  Result<UniqueFd> service = is_served_ ? connect_to_service() : Result<UniqueFd>{UniqueFd{}};
  if (!service) return fail(service.error());
  Result<ProbeHandles> handles = ask_for_probe(is_served_ ? service->get() : child_.get(), limits);
  // What the child says too late would be taken for its next answer.
  if (!handles && handles.error().code() == ETIMEDOUT) child_.reset();
  if (!handles) return fail(handles.error());
  return KernelProbe::adopt(std::move(*handles));
}

Status serve_probe_loader(int socket) {
  prctl(PR_SET_NAME, "probe-loader");
  Status status = kernel::confine({.capabilities = {CAP_SYS_ADMIN, CAP_BPF, CAP_PERFMON},
                                   .calls = kernel::Calls::probe_loader});
  while (status)
    status = answer_for_probe(socket, load_probe);
  return status.error().code() == EPIPE ? Status{} : status;
}

} // namespace provisiond::events
