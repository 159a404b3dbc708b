// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts one question to the probe's refusals, in the kernel: BPF_PROG_TEST_RUN hands the question over
 * as a packet, which the probe's own program type cannot take.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "events/bpf/refusal.bpf.h"
#include "refusal_test.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tc")
int ask(struct __sk_buff *skb)
{
  struct refusal_question question;

  if (bpf_skb_load_bytes(skb, 0, &question, sizeof(question)))
    return REFUSAL_NO_QUESTION;
  if (is_refused(&question.key, question.now))
    return REFUSAL_KEY;
  if (!has_budget(question.address, question.is_ipv6, question.now))
    return REFUSAL_BUDGET;
  return REFUSAL_NONE;
}
