/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few members of kernel types that the programs read, by name alone: their places are looked up
 * in the running kernel's BTF when the programs are loaded (CO-RE), so that no kernel's headers are
 * needed to build and no kernel's layout is built in.
 */
#ifndef WG_PROVISIOND_KERNEL_TYPES_H
#define WG_PROVISIOND_KERNEL_TYPES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
  unsigned int inum;
};
struct net {
  struct ns_common ns;
};
typedef struct {
  struct net *net;
} possible_net_t;
struct net_device {
  int ifindex;
  possible_net_t nd_net;
};
struct sk_buff {
  unsigned int len;
  int skb_iif;
  __be16 protocol;
  __u16 transport_header;
  __u16 network_header;
  unsigned char *head;
  unsigned char *data;
};

/* drivers/net/wireguard: device.h, cookie.h */
struct wg_device {
  struct net_device *dev;
};
struct cookie_checker {
  struct wg_device *device;
};

#pragma clang attribute pop

/* drivers/net/wireguard/cookie.h. Values, not layout; the order has never changed. */
enum cookie_mac_state {
  INVALID_MAC,
  VALID_MAC_BUT_NO_COOKIE,
  VALID_MAC_WITH_COOKIE_BUT_RATELIMITED,
  VALID_MAC_WITH_COOKIE
};

#endif
