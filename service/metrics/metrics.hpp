#pragma once

#include "handoff/refusal.hpp"
#include "metrics/counter.hpp"
#include "metrics/family.hpp"
#include "metrics/histogram.hpp"
#include "wire/frame.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace provisiond::metrics {

// Why an initiation that reached the machine is no sighting.
enum class SightingDrop : std::uint8_t {
  kernel_buffer,     // lost before we saw it: the capture buffer was full
  unwatched_port,    // captured before its port was given up
  impossible_source, // from an address or port that nobody can answer
};
inline constexpr std::array<std::string_view, 3> sighting_drop_names{
    "kernel_buffer", "unwatched_port", "impossible_source"};

// How a tunnel was asked to come up.
enum class GreetingKind : std::uint8_t { reverse, resubmit };
inline constexpr std::array<std::string_view, 2> greeting_kind_names{"reverse", "resubmit"};

// The tables of fixed size that strangers can fill.
enum class Table : std::uint8_t { source_gate, refused_keys, key_gate, replay, recent_initiations };
inline constexpr std::array<std::string_view, 5> table_names{
    "source_gate", "refused_keys", "key_gate", "replay", "recent_initiations"};

template <>
struct LabelValues<SightingDrop> {
  static constexpr std::span names{sighting_drop_names};
};
template <>
struct LabelValues<GreetingKind> {
  static constexpr std::span names{greeting_kind_names};
};
template <>
struct LabelValues<Table> {
  static constexpr std::span names{table_names};
};
template <>
struct LabelValues<Refusal> {
  static constexpr std::span names{refusal_names};
};
template <>
struct LabelValues<wire::FrameFault> {
  static constexpr std::span names{wire::frame_fault_names};
};

// Every series that the daemon counts, in the order of the flow. One object for the life of the
// process, made in daemon/compose.cpp before the first thread and handed to stages by reference.
//
// Any thread may change any member at any time, without a lock (see Counter). Reading is free of
// effect; the exposer's thread reads while others write and sees each value whole, but not all of
// them at one instant. Fixed memory, about 3 KiB; no label takes a value from outside.
//
// Conservation: every sighting ends in exactly one `refusals` or one `connected`, except those
// still on their way. Names, units and texts for the outside: the table in metrics/series.cpp.
struct Metrics {
  // events
  CounterFamily<SightingDrop> sighting_drops;     // initiations that are no sighting
  CounterFamily<wire::FrameFault> frame_refusals; // captured frames that are no initiation
  Counter sightings;                              // initiations taken from a source
  Gauge source_up;                                // sources that deliver now

  // authenticate
  Counter cookie_replies_sent;
  Counter claims; // `e, es, s` opened: someone says they are a key
  Counter proofs; // `ss, {t}` opened: they hold it
  Gauge authenticate_queue_length;
  Histogram authenticate_duration; // key agreement of one sighting, without the wait in the queue

  // admit, and every later stage that says no
  CounterFamily<Refusal> refusals;
  GaugeFamily<Table> table_entries;
  CounterFamily<Table> table_evictions; // an entry displaced because the table was full

  // lookup
  Counter lookup_batches; // queries sent
  Counter lookup_keys;    // keys in them
  Counter lookup_errors;  // queries that failed or missed their deadline
  Counter database_reconnects;
  Gauge database_up; // sessions connected now
  Gauge lookup_queue_length;
  Histogram lookup_duration; // asked to answered, the wait in the queue included

  // install, evict
  Counter peers_installed;
  Counter peers_removed;
  Counter device_errors;      // device operations that failed
  Gauge peers;                // on all our devices, adopted ones included
  Histogram install_duration; // handed to the device to acknowledged

  // greet
  CounterFamily<GreetingKind> greetings; // sent
  Gauge greeting;                        // peers waiting for their first handshake
  Counter connected;                     // peers whose first handshake completed
  Histogram first_handshake_duration;    // sighting to the device's handshake time

  // watch
  Histogram watch_pass_duration; // one pass over the peers of one device

  // flow
  Histogram decision_duration;  // sighting to refusal or installed peer
  Counter log_lines_suppressed; // by the rate limit of the log
};

} // namespace provisiond::metrics
