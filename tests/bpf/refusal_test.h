/* SPDX-License-Identifier: GPL-2.0-only */
/* What the test asks the program in refusal_test.bpf.c, as the bytes of a packet. */
#ifndef WG_PROVISIOND_REFUSAL_TEST_H
#define WG_PROVISIOND_REFUSAL_TEST_H

#include <linux/types.h>

#include "events/bpf/unknown_peer.h"

/* NOLINTBEGIN(readability-identifier-naming): named as the kernel names things */
struct refusal_question {
  __u64 now;
  struct refused_key key;
  __u32 is_ipv6;
  __u8 address[16];
};

enum refusal_answer { REFUSAL_NONE, REFUSAL_KEY, REFUSAL_BUDGET, REFUSAL_NO_QUESTION };
/* NOLINTEND(readability-identifier-naming) */

#endif
