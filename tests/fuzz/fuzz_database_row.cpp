// Any text as a row of find_peers, written as psql's COPY has it: columns with tabs between, \N for
// NULL. A record keeps to what its header promises, and arrives on a device, by netlink and by the
// userspace socket, exactly as the row has it.

#include "fuzz/input.hpp"
#include "fuzz/peers.hpp"
#include "fuzz/targets.hpp"
#include "kernel/change_part.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/uapi_answer.hpp"
#include "kernel/uapi_stanza.hpp"
#include "kernel/wg_messages.hpp"
#include "lookup/record.hpp"

#include <chrono>
#include <optional>

namespace provisiond::fuzz::fuzz_database_row {

using provisiond::PeerRecord;
using provisiond::kernel::PeerChange;
using provisiond::kernel::PeerState;
using provisiond::lookup::Row;

namespace {

// Of the public key in the corpus, 32 bytes of 0x11.
PublicKey asked_key() {
  PublicKey key;
  key.bytes.fill(0x11);
  return key;
}

std::optional<std::string_view> column(Input& input) {
  const std::string_view text = input.text_before('\t');
  if (text == "\\N") return std::nullopt;
  return text;
}

Row row_of(Input& input) {
  Row row;
  for (std::optional<std::string_view>* const field :
       {&row.verdict, &row.public_key, &row.peer_id, &row.preshared_key, &row.keepalive_seconds,
        &row.allowed_ips, &row.expires_at_us, &row.session_gateway, &row.session_interface,
        &row.newest_initiation, &row.idle_timeout_s, &row.allowed_sources, &row.roaming,
        &row.several_gateways, &row.evict_last})
    *field = column(input);
  return row;
}

void require_sound(const PeerRecord& record) {
  require(record.key == asked_key());
  require(record.is_on_trial ? record.id == 0 && record.allowed_ips.empty() : record.id > 0);
  require(!record.preshared_key || !record.preshared_key->is_zero());
  require(record.allowed_ips.size() <= PeerRecord::maximum_allowed_ips);
  for (const IpPrefix& prefix : record.allowed_ips)
    fuzz::require_sound(prefix);
  require(record.allowed_sources.size() <= 64);
  for (const IpPrefix& prefix : record.allowed_sources)
    fuzz::require_sound(prefix);
  require(!record.expires_at || record.expires_at->time_since_epoch().count() > 0);
  require(!record.idle_timeout || (*record.idle_timeout >= std::chrono::minutes{3} &&
                                   *record.idle_timeout <= std::chrono::hours{30 * 24}));
  if (!record.held_by) return;
  require(!record.held_by->gateway.empty() && record.held_by->gateway.size() <= 1020);
  require(!record.held_by->interface.empty() && record.held_by->interface.size() <= 15);
}

PeerChange change_of(const PeerRecord& record) {
  PeerChange change{.action = PeerChange::Action::set,
                    .key = record.key,
                    .preshared_key = {},
                    .endpoint = {},
                    .keepalive_seconds = record.keepalive_seconds,
                    .allowed_ips = record.allowed_ips};
  if (record.preshared_key) change.preshared_key = record.preshared_key->clone();
  return change;
}

void require_arrived(const std::vector<PeerState>& peers, const PeerRecord& record) {
  require(peers.size() == 1 && peers.front().key == record.key);
  require(peers.front().keepalive_seconds == record.keepalive_seconds);
  require(peers.front().allowed_ips == record.allowed_ips);
}

void check_netlink(const PeerRecord& record, const PeerChange& change) {
  kernel::WipedBuffer buffer{kernel::maximum_message_bytes};
  kernel::append_change({.family = 30, .ifindex = 5}, kernel::part_of(change, 0), 1, buffer);
  require(buffer.size() < kernel::maximum_message_bytes);
  const std::vector<kernel::NetlinkMessage> messages = kernel::split_datagram(buffer.filled());
  require(messages.size() == 1);
  kernel::PeerDump dump;
  dump.add(kernel::genl_attributes(messages.front()));
  require_arrived(dump.take(), record);
}

void check_userspace(const PeerRecord& record, const PeerChange& change) {
  kernel::WipedBuffer buffer{kernel::maximum_stanza_bytes};
  kernel::append_stanza(kernel::part_of(change, 0), buffer);
  require(buffer.size() < kernel::maximum_stanza_bytes);
  kernel::UapiAnswer answer{1};
  require(answer.feed(buffer.filled()).has_value());
  require_arrived(answer.take_peers(), record);
}

void check(Input& input) {
  const lookup::Verdict verdict = lookup::read_row(row_of(input), asked_key());
  if (const Refusal* const refusal = std::get_if<Refusal>(&verdict)) {
    require(!to_string(*refusal).empty());
    return;
  }
  const PeerRecord& record = std::get<PeerRecord>(verdict);
  require_sound(record);
  const PeerChange change = change_of(record);
  require(kernel::count_parts(change) == 1);
  check_netlink(record, change);
  check_userspace(record, change);
}

} // namespace

void run(Bytes bytes) {
  Input input{bytes};
  check(input);
}

} // namespace provisiond::fuzz::fuzz_database_row
