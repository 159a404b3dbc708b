/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the probe's BPF programs and the daemon say to each other. Plain C, so that both sides
 * compile the same lines; user space includes <cstdint> first, the BPF side <linux/types.h>.
 */
#ifndef WG_PROVISIOND_UNKNOWN_PEER_H
#define WG_PROVISIOND_UNKNOWN_PEER_H

#include <linux/types.h>

/* Named as the kernel names things, for both sides. NOLINTBEGIN(readability-identifier-naming) */

#define UNKNOWN_PEER_KEY_BYTES 32
#define UNKNOWN_PEER_INITIATION_BYTES 148

/* An initiation that the kernel has accepted and whose key no peer of the interface has. */
struct unknown_peer_event {
  __u64 kernel_time_ns; /* CLOCK_MONOTONIC, when the key was not found */
  __u32 netns;          /* inode number of the interface's network namespace */
  __u32 ifindex;
  __u32 epoch;          /* of the interface's entry in `watched` */
  __u32 scope;          /* where it came in: the scope of link-local addresses */
  __u16 interface_id;   /* InterfaceId */
  __u16 source_port;    /* host byte order */
  __u16 local_port;
  __u8 is_ipv6;
  __u8 under_load;      /* the kernel demanded and saw a valid cookie (mac2) */
  __u8 source_address[16]; /* IPv4: the first four bytes */
  __u8 local_address[16];
  __u8 public_key[UNKNOWN_PEER_KEY_BYTES];
  __u8 initiation[UNKNOWN_PEER_INITIATION_BYTES];
  __u8 padding[4];
};

/* Key and value of the map `watched`: the interfaces whose strangers we want to hear of. */
struct watched_interface {
  __u32 netns;
  __u32 ifindex;
};
struct watched_as {
  __u32 epoch; /* changes with every watch, so that refused keys of an older one do not count */
  __u16 interface_id;
  __u16 padding;
};

/* Key of the map `refused`; the value is a __u64, until when, on CLOCK_MONOTONIC. */
struct refused_key {
  __u8 public_key[UNKNOWN_PEER_KEY_BYTES];
  __u32 epoch;
};

/* Key of the map `shared_prefixes`, a longest-prefix trie over addresses as IPv6, IPv4 mapped. */
struct shared_prefix {
  __u32 length; /* bits */
  __u8 address[16];
};

/* A prefix of a translator, see embedded_ipv4; 0 bytes: none. */
#define UNKNOWN_PEER_TRANSLATED_PREFIXES 8
struct translated_prefix {
  __u8 address[12];
  __u32 bytes;
};

/* Key of the map `prefix_budgets`; the value is a __u64, when the bucket will be full again. */
struct budget_prefix {
  __u8 address[16];
};

/* Indexes of the per-CPU array `counters`. */
enum probe_counter {
  PROBE_EVENTS,        /* handed to user space */
  PROBE_RING_FULL,     /* lost: no room in the ring buffer */
  PROBE_NO_STATE,      /* lost: no room for a task's state, or the packet could not be read */
  PROBE_REFUSED_KEY,   /* dropped: the daemon has refused this key */
  PROBE_PREFIX_BUDGET, /* dropped: its network has used up its budget */
  PROBE_COUNTERS
};

/* NOLINTEND(readability-identifier-naming) */

#if defined(__cplusplus)
static_assert(sizeof(struct unknown_peer_event) == 248, "both sides agree");
static_assert(sizeof(struct watched_as) == 8 && sizeof(struct refused_key) == 36, "no padding");
#else
_Static_assert(sizeof(struct unknown_peer_event) == 248, "both sides agree");
_Static_assert(sizeof(struct watched_as) == 8 && sizeof(struct refused_key) == 36, "no padding");
#endif

#endif
