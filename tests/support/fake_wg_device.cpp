#include "fake_wg_device.hpp"

#include <sodium.h>

#include <cerrno>

namespace provisiond::test {

using kernel::DeviceIdentity;
using kernel::PeerChange;
using kernel::PeerList;
using kernel::PeerState;

PeerChange clone(const PeerChange& change) {
  PeerChange copy;
  copy.action = change.action;
  copy.key = change.key;
  if (change.preshared_key) copy.preshared_key = change.preshared_key->clone();
  copy.endpoint = change.endpoint;
  copy.keepalive_seconds = change.keepalive_seconds;
  copy.allowed_ips = change.allowed_ips;
  return copy;
}

Status FakeWgDevice::take_failure(Failures& failures) {
  if (failures.left == 0) return {};
  --failures.left;
  return fail(Error::system("fake device", failures.code));
}

void FakeWgDevice::begin_call() {
  if (meanwhile_) meanwhile_();
  std::unique_lock lock{gate_.mutex};
  if (!gate_.is_shut) return;
  ++gate_.waiting;
  gate_.changed.notify_all();
  gate_.changed.wait(lock, [this] { return !gate_.is_shut; });
  --gate_.waiting;
}

void FakeWgDevice::hang() {
  const std::lock_guard lock{gate_.mutex};
  gate_.is_shut = true;
}

void FakeWgDevice::wait_until_it_hangs() {
  std::unique_lock lock{gate_.mutex};
  gate_.changed.wait(lock, [this] { return gate_.waiting > 0; });
}

void FakeWgDevice::release() {
  {
    const std::lock_guard lock{gate_.mutex};
    gate_.is_shut = false;
  }
  gate_.changed.notify_all();
}

Result<DeviceIdentity> FakeWgDevice::identity() {
  begin_call();
  ++identity_calls_;
  if (deleted_) return fail(Error::system("fake device", ENODEV));
  if (const Status status = take_failure(identity_failures_); !status) return fail(status.error());
  DeviceIdentity identity;
  identity.ifindex = options_.ifindex;
  identity.listen_port = options_.listen_port;
  if (private_key_) identity.private_key = private_key_->clone();
  return identity;
}

std::vector<Status> FakeWgDevice::apply(std::span<const PeerChange> changes) {
  begin_call();
  ++apply_calls_;
  std::vector<Status> statuses;
  statuses.reserve(changes.size());
  for (const PeerChange& change : changes) {
    if (options_.keeps_history) changes_.push_back(clone(change));
    statuses.push_back(apply_one(change));
  }
  return statuses;
}

Result<PeerList> FakeWgDevice::peers() {
  begin_call();
  ++dump_calls_;
  if (deleted_) return fail(Error::system("fake device", ENODEV));
  if (const Status status = take_failure(dump_failures_); !status) return fail(status.error());
  PeerList list{.peers = {}, .is_complete = interruptions_ == 0};
  if (interruptions_ > 0) --interruptions_;
  list.peers.reserve(peers_.size());
  for (const auto& [key, peer] : peers_)
    if (list.is_complete || shows_(key)) list.peers.push_back(peer.state);
  return list;
}

Status FakeWgDevice::apply_one(const PeerChange& change) {
  if (deleted_) return fail(Error::system("fake device", ENODEV));
  if (Status status = take_failure(change_failures_); !status) return status;
  if (change.action == PeerChange::Action::remove) {
    remove(change.key);
    return {};
  }
  if (!peers_.contains(change.key)) {
    if (change.action == PeerChange::Action::update || is_own_key(change.key)) return {};
    if (Status status = create(change.key); !status) return status;
  }
  return change_peer(peers_.at(change.key), change);
}

Status FakeWgDevice::create(const PublicKey& key) {
  if (peers_.size() >= options_.maximum_peers) return fail(Error::system("fake device", ENOMEM));
  peers_[key].state.key = key;
  return {};
}

Status FakeWgDevice::refusal_of(Attribute attribute) const {
  const std::map<Attribute, int>::const_iterator refusal = refusals_.find(attribute);
  if (refusal == refusals_.end() || refusal->second == 0) return {};
  return fail(Error::system("fake device", refusal->second));
}

Status FakeWgDevice::change_peer(Peer& peer, const PeerChange& change) {
  if (change.preshared_key) {
    if (Status status = refusal_of(Attribute::preshared_key); !status) return status;
    peer.preshared_key = change.preshared_key->clone();
  }
  if (change.endpoint) {
    if (Status status = refusal_of(Attribute::endpoint); !status) return status;
    peer.state.endpoint = change.endpoint;
  }
  if (change.allowed_ips) {
    release_allowed_ips(peer);
    if (Status status = refusal_of(Attribute::allowed_ips); !status) return status;
    for (const IpPrefix& prefix : *change.allowed_ips)
      move_allowed_ip(prefix, peer);
  }
  if (change.keepalive_seconds) {
    if (Status status = refusal_of(Attribute::keepalive); !status) return status;
    change_keepalive(peer, *change.keepalive_seconds);
  }
  return {};
}

void FakeWgDevice::change_keepalive(Peer& peer, std::uint16_t seconds) {
  const bool turned_on = peer.state.keepalive_seconds == 0 && seconds != 0;
  peer.state.keepalive_seconds = seconds;
  if (turned_on && peer.state.endpoint && options_.keeps_history) {
    initiations_.push_back(peer.state.key);
  }
}

void FakeWgDevice::move_allowed_ip(const IpPrefix& prefix, Peer& to) {
  const std::map<IpPrefix, PublicKey>::iterator owner = owners_.find(prefix);
  if (owner != owners_.end()) std::erase(peers_.at(owner->second).state.allowed_ips, prefix);
  owners_[prefix] = to.state.key;
  to.state.allowed_ips.push_back(prefix);
}

void FakeWgDevice::release_allowed_ips(Peer& peer) {
  for (const IpPrefix& prefix : peer.state.allowed_ips)
    owners_.erase(prefix);
  peer.state.allowed_ips.clear();
}

void FakeWgDevice::remove(const PublicKey& key) {
  const std::map<PublicKey, Peer>::iterator found = peers_.find(key);
  if (found == peers_.end()) return;
  release_allowed_ips(found->second);
  peers_.erase(found);
}

bool FakeWgDevice::is_own_key(const PublicKey& key) const {
  if (!private_key_) return false;
  PublicKey own;
  crypto_scalarmult_base(own.bytes.data(), private_key_->bytes().data());
  return own == key;
}

void FakeWgDevice::set_private_key(std::span<const std::uint8_t, 32> key) {
  private_key_ = Secret<32>{key};
}

void FakeWgDevice::clear_private_key() {
  private_key_.reset();
}

void FakeWgDevice::interrupt_next_dumps(std::size_t count, Shows shows) {
  interruptions_ = count;
  shows_ = std::move(shows);
}

void FakeWgDevice::fail_next_changes(std::size_t count, int code) {
  change_failures_ = {count, code};
}

void FakeWgDevice::delete_interface() {
  deleted_ = true;
  peers_.clear();
  owners_.clear();
}

bool FakeWgDevice::complete_handshake(const PublicKey& key, WallTime at) {
  const std::map<PublicKey, Peer>::iterator found = peers_.find(key);
  if (found == peers_.end()) return false;
  found->second.state.last_handshake = at;
  return true;
}

bool FakeWgDevice::roam(const PublicKey& key, const Endpoint& endpoint) {
  const std::map<PublicKey, Peer>::iterator found = peers_.find(key);
  if (found == peers_.end()) return false;
  found->second.state.endpoint = endpoint;
  return true;
}

bool FakeWgDevice::count_traffic(const PublicKey& key, std::uint64_t received, std::uint64_t sent) {
  const std::map<PublicKey, Peer>::iterator found = peers_.find(key);
  if (found == peers_.end()) return false;
  found->second.state.received_bytes += received;
  found->second.state.sent_bytes += sent;
  return true;
}

const PeerState* FakeWgDevice::find(const PublicKey& key) const {
  const std::map<PublicKey, Peer>::const_iterator found = peers_.find(key);
  return found == peers_.end() ? nullptr : &found->second.state;
}

bool FakeWgDevice::has_preshared_key(const PublicKey& key, const Secret<32>& expected) const {
  const std::map<PublicKey, Peer>::const_iterator found = peers_.find(key);
  return found != peers_.end() && found->second.preshared_key &&
         found->second.preshared_key->equals(expected);
}

void FakeWgDevice::forget_history() {
  changes_.clear();
  initiations_.clear();
}

} // namespace provisiond::test
