/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the probe decides without user space: whether the kernel goes on with an initiation, and
 * whether a network has budget left. Plain C without maps or helpers, so that a unit test on any
 * machine runs the very lines that the kernel runs.
 */
#ifndef WG_PROVISIOND_ADMISSION_H
#define WG_PROVISIOND_ADMISSION_H

#include <linux/types.h>

/* Numbers of cookie.h and messages.h. */
#define MAC_VALID_BUT_NO_COOKIE 1
#define MAC_VALID_WITH_COOKIE 3
#define INITIATION_TYPE_WORD 1 /* type and three zero bytes, little-endian */

/*
 * Whether wg_receive_handshake_packet (receive.c) goes on to decrypt the initiation: with a cookie
 * when the kernel is under load, without one when it is not.
 */
static inline int kernel_goes_on(int mac_state, int under_load)
{
  return mac_state == (under_load ? MAC_VALID_WITH_COOKIE : MAC_VALID_BUT_NO_COOKIE);
}

/*
 * The IPv4 address that a translator has embedded in an IPv6 one (RFC 6052): after the prefix, without
 * byte 8, which holds nothing. Returns 0 when the address is not in the prefix of `prefix_bytes`, 4 to
 * 8 or 12.
 */
static inline int embedded_ipv4(__u8 embedded[4], const __u8 address[16],
                                const volatile __u8 *prefix, __u32 prefix_bytes)
{
  __u32 from = prefix_bytes;

  for (__u32 i = 0; i < 12; ++i)
    if (i < prefix_bytes && address[i] != prefix[i])
      return 0;
  for (__u32 i = 0; i < 4; ++i) {
    if (from == 8)
      ++from;
    embedded[i] = address[from & 15];
    ++from;
  }
  return 1;
}

/* The prefix whose budget an address uses: IPv4 /24, IPv6 /48; IPv4 mapped into IPv6. */
static inline void budget_prefix_of(__u8 prefix[16], const __u8 address[16], int is_ipv6)
{
  __builtin_memset(prefix, 0, 16);
  if (is_ipv6) {
    __builtin_memcpy(prefix, address, 6);
    return;
  }
  prefix[10] = 0xff;
  prefix[11] = 0xff;
  __builtin_memcpy(prefix + 12, address, 3);
}

/* An address as the keys of `shared_prefixes` have it. */
static inline void mapped_address(__u8 mapped[16], const __u8 address[16], int is_ipv6)
{
  if (is_ipv6) {
    __builtin_memcpy(mapped, address, 16);
    return;
  }
  __builtin_memset(mapped, 0, 10);
  mapped[10] = 0xff;
  mapped[11] = 0xff;
  __builtin_memcpy(mapped + 12, address, 4);
}

/*
 * The generic cell rate algorithm (ITU-T I.371), as base/rate.hpp has it: `full_at` is when the
 * bucket will be full again. Returns the new value, or 0 when there is no token.
 */
static inline __u64 take_token(__u64 full_at, __u64 now, __u64 interval, __u64 allowance)
{
  const __u64 start = full_at > now ? full_at : now;
  if (start - now > allowance)
    return 0;
  return start + interval;
}

#endif
