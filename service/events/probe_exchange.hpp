#pragma once

#include "base/result.hpp"
#include "events/kernel_probe.hpp"
#include "events/probe_handles.hpp"

#include <functional>

// What the daemon and its probe loader say to each other over a SOCK_SEQPACKET socket: one message
// asks for the probe and has its limits, one answers and has the descriptors, or says why not. So
// the process that parses packets of strangers needs no right to load programs, and the one that
// has it parses nothing but a message of fixed size.

namespace provisiond::events {

// The daemon's side. Waits for the answer, a minute at most: attaching takes that long only on a
// machine that hangs.
Result<ProbeHandles> ask_for_probe(int socket, const KernelProbe::Limits& limits);

// The loader's: answers one question with what `load` gives. Fails when nobody asks any more, or
// asks for what no settings allow.
using LoadProbe = std::function<Result<ProbeHandles>(const KernelProbe::Limits&)>;
Status answer_for_probe(int socket, const LoadProbe& load);

} // namespace provisiond::events
