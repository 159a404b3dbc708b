// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel probe: tells user space of initiations that the WireGuard module has accepted, MACs
 * and cookie included, and whose key it does not know. Three hooks on the module's own functions
 * (drivers/net/wireguard, Linux 5.6 and later), in the order in which a packet meets them:
 *
 *   wg_cookie_validate_packet (leaves)             the MACs are judged: remember the packet, if it is an
 *                                                  initiation for a watched interface that goes on
 *   wg_pubkey_hashtable_lookup (leaves)            no such key, and this task is at a remembered packet:
 *                                                  refused keys and networks without budget end here,
 *                                                  everybody else becomes an event
 *   wg_noise_handshake_consume_initiation (leaves) the packet is done with: forget it
 *
 * What is remembered belongs to the task that works on the packet (a kworker), not to the processor:
 * the worker may be preempted or moved in between. A task's state goes with the task. The netlink
 * configuration path calls the same look-up in tasks that never validated a packet, and so counts for
 * nothing here. Nothing waits and nothing is changed: what has no room is counted and dropped.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "events/bpf/kernel_types.h"
#include "events/bpf/refusal.bpf.h"
#include "events/bpf/unknown_peer.h"

#define ETHERTYPE_IP 0x0800
#define ETHERTYPE_IPV6 0x86dd

char LICENSE[] SEC("license") = "GPL";

/* Sizes of maps without one are set between open and load. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
} events SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 256);
  __type(key, struct watched_interface);
  __type(value, struct watched_as);
} watched SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, PROBE_COUNTERS);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

/* The packet that a task works on. */
struct arrival {
  struct sk_buff *skb; /* NULL: none */
  struct watched_interface interface;
  struct watched_as as;
  __u8 under_load;
};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct arrival);
} arrivals SEC(".maps");

static __always_inline void count(__u32 counter)
{
  __u64 *value = bpf_map_lookup_elem(&counters, &counter);

  if (value)
    ++*value;
}

SEC("fexit/wg_cookie_validate_packet")
int BPF_PROG(packet_validated, struct cookie_checker *checker, struct sk_buff *skb, bool under_load,
             enum cookie_mac_state mac_state)
{
  const struct net_device *device;
  struct watched_interface interface = {};
  struct watched_as *as;
  struct arrival *arrival;
  __u32 type = 0;

  if (!kernel_goes_on(mac_state, under_load) || skb->len != UNKNOWN_PEER_INITIATION_BYTES)
    return 0;
  device = checker->device->dev;
  interface.netns = device->nd_net.net->ns.inum;
  interface.ifindex = device->ifindex;
  as = bpf_map_lookup_elem(&watched, &interface);
  if (!as)
    return 0;
  if (bpf_probe_read_kernel(&type, sizeof(type), skb->data) || type != bpf_htonl(0x01000000))
    return 0;

  arrival = bpf_task_storage_get(&arrivals, bpf_get_current_task_btf(), NULL,
                                 BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!arrival) {
    count(PROBE_NO_STATE);
    return 0;
  }
  arrival->skb = skb;
  arrival->interface = interface;
  arrival->as = *as;
  arrival->under_load = under_load;
  return 0;
}

// Addresses are proven under load only: before that, what one has cost may be another's doing, and the
// budget counts only while room is scarce. User space asks for cookies then.
static __always_inline bool ring_fills(void)
{
  return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >
         bpf_ringbuf_query(&events, BPF_RB_RING_SIZE) / 2;
}

struct endpoints {
  __u8 source_address[16];
  __u8 local_address[16];
  __u16 source_port;
  __u16 local_port;
  bool is_ipv6;
};

static __always_inline bool read_endpoints(struct endpoints *endpoints, const struct sk_buff *skb)
{
  const unsigned char *head = BPF_CORE_READ(skb, head);
  const unsigned char *network = head + BPF_CORE_READ(skb, network_header);
  const unsigned char *transport = head + BPF_CORE_READ(skb, transport_header);
  const __be16 protocol = BPF_CORE_READ(skb, protocol);
  struct udphdr udp;

  if (bpf_probe_read_kernel(&udp, sizeof(udp), transport))
    return false;
  endpoints->source_port = bpf_ntohs(udp.source);
  endpoints->local_port = bpf_ntohs(udp.dest);
  endpoints->is_ipv6 = protocol == bpf_htons(ETHERTYPE_IPV6);
  if (endpoints->is_ipv6) {
    struct ipv6hdr ip;

    if (bpf_probe_read_kernel(&ip, sizeof(ip), network))
      return false;
    __builtin_memcpy(endpoints->source_address, &ip.saddr, 16);
    __builtin_memcpy(endpoints->local_address, &ip.daddr, 16);
    return true;
  }
  if (protocol == bpf_htons(ETHERTYPE_IP)) {
    struct iphdr ip;

    if (bpf_probe_read_kernel(&ip, sizeof(ip), network))
      return false;
    __builtin_memcpy(endpoints->source_address, &ip.saddr, 4);
    __builtin_memcpy(endpoints->local_address, &ip.daddr, 4);
    return true;
  }
  return false;
}

static __always_inline void fill(struct unknown_peer_event *event, const struct arrival *arrival,
                 const struct endpoints *endpoints)
{
  const struct sk_buff *skb = arrival->skb;

  event->netns = arrival->interface.netns;
  event->ifindex = arrival->interface.ifindex;
  event->epoch = arrival->as.epoch;
  event->scope = BPF_CORE_READ(skb, skb_iif);
  event->interface_id = arrival->as.interface_id;
  event->source_port = endpoints->source_port;
  event->local_port = endpoints->local_port;
  event->is_ipv6 = endpoints->is_ipv6;
  event->under_load = arrival->under_load;
  __builtin_memcpy(event->source_address, endpoints->source_address, 16);
  __builtin_memcpy(event->local_address, endpoints->local_address, 16);
  __builtin_memset(event->padding, 0, sizeof(event->padding));
}

SEC("fexit/wg_pubkey_hashtable_lookup")
int BPF_PROG(key_looked_up, void *table, const __u8 *public_key, void *peer)
{
  struct unknown_peer_event *event;
  struct endpoints endpoints = {};
  const struct sk_buff *skb;
  struct refused_key key = {};
  struct arrival *arrival;
  const __u64 now = bpf_ktime_get_ns();

  if (peer)
    return 0;
  arrival = bpf_task_storage_get(&arrivals, bpf_get_current_task_btf(), NULL, 0);
  if (!arrival)
    return 0;
  skb = arrival->skb;
  if (!skb)
    return 0;
  if (bpf_probe_read_kernel(key.public_key, sizeof(key.public_key), public_key)) {
    count(PROBE_NO_STATE);
    return 0;
  }
  key.epoch = arrival->as.epoch;
  if (is_refused(&key, now)) {
    count(PROBE_REFUSED_KEY);
    return 0;
  }

  if (!read_endpoints(&endpoints, skb)) {
    count(PROBE_NO_STATE);
    return 0;
  }
  if ((arrival->under_load || ring_fills()) && !has_budget(endpoints.source_address, endpoints.is_ipv6, now)) {
    count(PROBE_PREFIX_BUDGET);
    return 0;
  }

  event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    count(PROBE_RING_FULL);
    return 0;
  }
  fill(event, arrival, &endpoints);
  event->kernel_time_ns = now;
  __builtin_memcpy(event->public_key, key.public_key, sizeof(event->public_key));
  if (bpf_probe_read_kernel(event->initiation, sizeof(event->initiation),
                            BPF_CORE_READ(skb, data))) {
    count(PROBE_NO_STATE);
    bpf_ringbuf_discard(event, 0);
    return 0;
  }
  count(PROBE_EVENTS);
  bpf_ringbuf_submit(event, 0);
  return 0;
}

SEC("fexit/wg_noise_handshake_consume_initiation")
int BPF_PROG(initiation_consumed, void *message, struct wg_device *wg, void *peer)
{
  struct arrival *arrival =
      bpf_task_storage_get(&arrivals, bpf_get_current_task_btf(), NULL, 0);

  if (arrival)
    arrival->skb = NULL;
  return 0;
}
