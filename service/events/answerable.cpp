#include "events/answerable.hpp"

namespace provisiond::events {

namespace {

constexpr std::uint32_t loopback_ifindex = 1; // in every network namespace

} // namespace

bool can_be_answered(const Endpoint& source, std::uint32_t ifindex) {
  if (source.port == 0) return false;
  if (source.address.is_loopback()) return ifindex == loopback_ifindex;
  return source.address.is_unicast();
}

bool can_be_answered(const Endpoint& source) {
  return can_be_answered(source, loopback_ifindex);
}

Endpoint with_scope(Endpoint endpoint, std::uint32_t ifindex) {
  const bool link_local = endpoint.address.family == IpAddress::Family::v6 &&
                          endpoint.address.bytes[0] == 0xfe &&
                          (endpoint.address.bytes[1] & 0xc0) == 0x80;
  endpoint.scope = link_local ? ifindex : 0;
  return endpoint;
}

} // namespace provisiond::events
