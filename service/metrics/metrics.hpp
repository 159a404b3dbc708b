// Longer than other headers, because all series stand in one struct.
#pragma once

#include "handoff/peer_life.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"
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
  kernel_buffer,           // lost before we saw it: the capture buffer was full
  unwatched_port,          // captured before its port was given up
  impossible_source,       // from an address or port that nobody can answer
  ring_buffer,             // the probe's ring buffer was full
  probe_state,             // the probe had no room for a task's state, or could not read a packet
  refused_in_kernel,       // the probe knows that the key was refused a moment ago
  prefix_budget_in_kernel, // the probe had no budget left for the sender's network
  receive_queue,           // the netlink source's queue overflowed; counts overflows, not events
  malformed_event,         // truncated, or with attributes of the wrong size or family
  unwatched_interface,     // about an interface that is not ours, or not any more
  forwarded,               // captured on its way to another machine
};
inline constexpr std::array<std::string_view, 11> sighting_drop_names{"kernel_buffer",
                                                                      "unwatched_port",
                                                                      "impossible_source",
                                                                      "ring_buffer",
                                                                      "probe_state",
                                                                      "refused_in_kernel",
                                                                      "prefix_budget_in_kernel",
                                                                      "receive_queue",
                                                                      "malformed_event",
                                                                      "unwatched_interface",
                                                                      "forwarded"};

// What two sources said about the same interface (`cross-check`).
enum class CrossCheck : std::uint8_t {
  agreed,       // both saw the initiation, from the same endpoint
  differed,     // both saw it, but not with the same key or from the same endpoint
  only_capture, // the others did not report it in time
  only_probe,
  only_netlink,
};
inline constexpr std::array<std::string_view, 5> cross_check_names{
    "agreed", "differed", "only_capture", "only_probe", "only_netlink"};

// Where a proof had the secret from that two static keys share.
enum class SharedSecret : std::uint8_t {
  recalled, // from a handshake before
  computed,
};
inline constexpr std::array<std::string_view, 2> shared_secret_names{"recalled", "computed"};

// How a tunnel was asked to come up.
enum class GreetingKind : std::uint8_t { reverse, resubmit };
inline constexpr std::array<std::string_view, 2> greeting_kind_names{"reverse", "resubmit"};

// The tables of fixed size that strangers can fill.
enum class Table : std::uint8_t {
  source_gate,
  refused_keys,
  key_gate,
  claim_gate,
  replay,
  recent_initiations,
};
inline constexpr std::array<std::string_view, 6> table_names{
    "source_gate", "refused_keys", "key_gate", "claim_gate", "replay", "recent_initiations"};

template <>
struct LabelValues<SightingDrop> {
  static constexpr std::span names{sighting_drop_names};
};
template <>
struct LabelValues<SourceKind> {
  static constexpr std::span names{source_kind_names};
};
template <>
struct LabelValues<CrossCheck> {
  static constexpr std::span names{cross_check_names};
};
template <>
struct LabelValues<SharedSecret> {
  static constexpr std::span names{shared_secret_names};
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
struct LabelValues<PeerStage> {
  static constexpr std::span names{peer_stage_names};
};
template <>
struct LabelValues<Eviction> {
  static constexpr std::span names{eviction_names};
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
// still on their way; one whose look-up was resumed ends once more. Names, units and texts for the
// outside: the table in metrics/series.cpp.
struct Metrics {
  // events
  CounterFamily<SightingDrop> sighting_drops;     // initiations that are no sighting
  CounterFamily<wire::FrameFault> frame_refusals; // captured frames that are no initiation
  CounterFamily<SourceKind> sightings;            // handed to the flow
  GaugeFamily<SourceKind> source_interfaces;      // interfaces that the source serves now
  CounterFamily<SourceKind> source_failures;      // ended by an error, or could not begin
  CounterFamily<CrossCheck> cross_checks;

  // authenticate
  Counter cookie_replies_sent;
  Gauge attack_mode;           // 1: first contact needs a cookie
  Counter attack_mode_entries; // times that it began
  Counter claims;              // `e, es, s` opened: someone says they are a key
  Counter proofs;              // `ss, {t}` opened: they hold it
  CounterFamily<SharedSecret> shared_secrets;
  Gauge authenticate_queue_length;
  Histogram authenticate_duration; // key agreement of one sighting, without the wait in the queue

  // admit, and every later stage that says no
  CounterFamily<Refusal> refusals;
  GaugeFamily<Table> table_entries;
  CounterFamily<Table> table_evictions; // an entry displaced because the table was full
  Counter second_chances;               // keys asked for although the filter does not know them

  // of interfaces in a dry run, in the place of all that is counted elsewhere
  CounterFamily<Refusal> dry_run_refusals;
  Counter dry_run_installs;
  Counter dry_run_changes;  // of peers that are there
  Counter dry_run_removals; // likewise

  // lookup
  Counter lookup_batches; // queries sent
  Counter lookup_keys;    // keys in them
  Counter lookup_errors;  // queries that failed or missed their deadline, look-ups given up
  Counter database_reconnects;
  Gauge database_sessions;        // sessions connected now
  Counter database_answers;       // to anything that was asked
  Gauge database_last_answer;     // seconds since 1970; 0: none yet
  Gauge another_database;         // 1: not the one that is ours
  Gauge schema_mismatch;          // 1: its schema is too old, too new, missing or not permitted
  Counter gateway_name_conflicts; // times that another gateway was alive under our name
  Counter lookups_resumed;        // of keys that waited for the database to come back
  Counter changes;                // keys that the database said had changed
  Counter resyncs;                // all keys of an interface asked for again
  Gauge change_feed_up;           // 1: changes come by notification
  Gauge known_keys;               // in the filters
  Gauge known_keys_bytes;         // that these take
  Gauge known_keys_interfaces;    // with a filter; at others every key passes
  Counter known_key_reads;        // times that all keys of an interface were read
  Counter reports_written;        // refused keys and interfaces told to the database
  Counter session_ownerships_written;
  Counter session_ownerships_dropped; // too many waited
  Gauge session_ownerships_waiting;   // not written yet
  Gauge rechecks;                     // peers on our devices that are to be looked up again
  Gauge lookup_queue_length;
  Histogram lookup_duration; // asked to answered, the wait in the queue included

  // install, evict
  Counter peers_installed;
  Counter peers_removed;
  Counter device_errors; // device operations that failed
  Gauge peers;           // on all our devices, adopted ones included
  GaugeFamily<PeerStage> peer_stages;
  Gauge foreign_peers;   // of these, somebody else's
  Gauge missing_rows;    // likewise, ours: neither a row nor a tombstone
  Counter peers_adopted; // found on a device, with a row
  CounterFamily<Eviction> evictions;
  Counter premature_evictions; // back within ten minutes
  Gauge routes;                // in the kernel, made by us
  Counter routes_refused;      // what rows ask for and the gateway needs for itself
  Counter route_errors;        // routes that could not be listed, added or removed
  Histogram install_duration;  // handed to the device to acknowledged

  // greet
  CounterFamily<GreetingKind> greetings; // sent
  Gauge greeting;                        // peers waiting for their first handshake
  Counter peers_connected;               // peers whose first handshake completed
  Counter peers_enrolled;                // devices that passed their trial and became peers
  Histogram first_handshake_duration;    // sighting to the device's handshake time

  // watch
  Histogram watch_pass_duration; // one pass over the peers of one device
  Counter incomplete_passes;     // of them, those that may not show every peer

  // flow
  Gauge draining;               // 1: nobody new is let in
  Histogram decision_duration;  // sighting to refusal or installed peer
  Histogram loop_turn;          // what the loop does between two looks at what has arrived
  Counter log_lines_suppressed; // by the rate limit of the log
  Counter log_lines_lost;       // nobody read them in time, or the file took no more
};

} // namespace provisiond::metrics
