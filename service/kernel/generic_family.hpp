#pragma once

#include "base/result.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/netlink_socket.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::kernel {

// A generic netlink family as the kernel has it now. Its numbers last until the module that made it
// is removed: loaded again, the family has others.
struct GenericFamily {
  struct Group {
    std::string name;
    std::uint32_t id = 0;
    bool operator==(const Group&) const = default;
  };

  std::string name;
  std::uint16_t id = 0; // the type of its messages
  std::uint32_t version = 0;
  std::vector<Group> groups;

  [[nodiscard]] std::optional<std::uint32_t> group(std::string_view group_name) const;
  bool operator==(const GenericFamily&) const = default;
};

// Asks for the family called `name`, for which the kernel loads the module that has it, if there is
// one and it may. ENOENT when there is none.
Result<GenericFamily> resolve_family(NetlinkSocket& socket, std::string_view name);
// The same, but loads nothing.
Result<GenericFamily> find_family(NetlinkSocket& socket, std::string_view name);
// All that there are; loads nothing.
Result<std::vector<GenericFamily>> list_families(NetlinkSocket& socket);

// A family came or went.
struct FamilyEvent {
  enum class Kind : std::uint8_t {
    appeared,
    gone,
    overrun, // events were lost: whoever depends on a family looks for it anew
  };

  Kind kind = Kind::appeared;
  GenericFamily family; // empty for `overrun`

  bool operator==(const FamilyEvent&) const = default;
};

// None for a message that is not from the controller, not about a family, or malformed.
std::optional<FamilyEvent> read_family_event(const NetlinkMessage& message);

// Tells of generic netlink families that come and go with the modules that make them (group
// `notify` of the controller). Needs no rights. One thread. Memory: 32 KiB and the socket's queue,
// whose overflow is an `overrun` event.
class FamilyMonitor {
 public:
  static constexpr int maximum_datagrams = 64;

  static Result<FamilyMonitor> open();

  // Readable while events wait. Owned by the monitor.
  [[nodiscard]] int fd() const { return socket_.fd(); }
  // Never blocks. Reads at most `maximum_datagrams`; `fd` stays readable while more wait.
  std::vector<FamilyEvent> read();

 private:
  explicit FamilyMonitor(NetlinkSocket socket);

  NetlinkSocket socket_;
  WipedBuffer buffer_;
};

} // namespace provisiond::kernel
