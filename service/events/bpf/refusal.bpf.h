/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the probe refuses by itself: keys that the daemon has refused, and networks that have used up
 * their budget. Apart from the hooks, so that tests can run it in the kernel without a packet
 * (tests/bpf).
 */
#ifndef WG_PROVISIOND_REFUSAL_BPF_H
#define WG_PROVISIOND_REFUSAL_BPF_H

#include "events/bpf/admission.h"
#include "events/bpf/unknown_peer.h"

/* Set between open and load. */
const volatile __u64 prefix_interval_ns = 5000000; /* one token; 0: no budget, everything passes */
const volatile __u64 prefix_allowance_ns = 0;      /* how far ahead of time tokens may be taken */
const volatile struct translated_prefix translated_prefixes[UNKNOWN_PEER_TRANSLATED_PREFIXES] = {};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, struct refused_key);
  __type(value, __u64);
} refused SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, struct budget_prefix);
  __type(value, __u64);
} prefix_budgets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct shared_prefix);
  __type(value, __u8);
} shared_prefixes SEC(".maps");

/* Whether the daemon has refused this key, and that has not expired. */
static __always_inline bool is_refused(const struct refused_key *key, __u64 now)
{
  const __u64 *until = bpf_map_lookup_elem(&refused, key);

  return until && now < *until;
}

static __always_inline bool is_shared(const __u8 address[16], bool is_ipv6)
{
  struct shared_prefix shared = {.length = 128};

  mapped_address(shared.address, address, is_ipv6);
  return bpf_map_lookup_elem(&shared_prefixes, &shared) != 0;
}

/*
 * Whether `origin` is now the IPv4 address that a translator has embedded.
 */
static __always_inline bool is_translated(__u8 origin[16], const __u8 address[16])
{
  for (int i = 0; i < UNKNOWN_PEER_TRANSLATED_PREFIXES; ++i) {
    const __u32 bytes = translated_prefixes[i].bytes;

    if (bytes && embedded_ipv4(origin, address, translated_prefixes[i].address, bytes))
      return true;
  }
  return false;
}

/*
 * Takes a token of the sender's network. Processors that race for the same bucket may fail each
 * other's exchange; after four tries the network counts as too busy.
 */
static __always_inline bool has_budget(const __u8 address[16], bool is_ipv6, __u64 now)
{
  const __u64 zero = 0;
  struct budget_prefix prefix;
  __u8 origin[16] = {};
  __u64 *full_at;

  if (!prefix_interval_ns)
    return true;
  if (is_shared(address, is_ipv6))
    return true;
  if (is_ipv6 && is_translated(origin, address)) {
    if (is_shared(origin, false))
      return true;
    budget_prefix_of(prefix.address, origin, false);
  } else {
    budget_prefix_of(prefix.address, address, is_ipv6);
  }
  full_at = bpf_map_lookup_elem(&prefix_budgets, &prefix);
  if (!full_at) {
    bpf_map_update_elem(&prefix_budgets, &prefix, &zero, BPF_NOEXIST);
    full_at = bpf_map_lookup_elem(&prefix_budgets, &prefix);
    if (!full_at)
      return false;
  }
  for (int i = 0; i < 4; ++i) {
    const __u64 before = *(volatile __u64 *)full_at;
    const __u64 after = take_token(before, now, prefix_interval_ns, prefix_allowance_ns);

    if (!after)
      return false;
    if (__sync_val_compare_and_swap(full_at, before, after) == before)
      return true;
  }
  return false;
}

#endif
