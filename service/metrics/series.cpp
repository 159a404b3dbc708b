#include "metrics/series.hpp"

#include <array>
#include <type_traits>
#include <utility>

namespace provisiond::metrics {
namespace {

template <class Metric>
std::vector<Reading> readings_of(const Metric& metric) {
  return {Reading{{}, static_cast<double>(metric.value())}};
}

std::vector<Reading> readings_of(const Histogram& histogram) {
  return {Reading{{}, histogram.snapshot()}};
}

template <class Enum, class Metric>
std::vector<Reading> readings_of(const Family<Enum, Metric>& family) {
  std::vector<Reading> readings;
  readings.reserve(family.names.size());
  for (std::size_t i = 0; i < family.names.size(); ++i)
    readings.push_back(
        Reading{std::string{family.names[i]}, static_cast<double>(family.all()[i].value())});
  return readings;
}

template <auto Member>
std::vector<Reading> read_member(const Scrape& scrape) {
  return readings_of(scrape.metrics.*Member);
}

template <auto Member>
std::vector<Reading> read_process(const Scrape& scrape) {
  return {Reading{{}, static_cast<double>(scrape.process.*Member)}};
}

std::vector<Reading> read_build_info(const Scrape& scrape) {
  return {Reading{scrape.about.version, 1.0}};
}

std::vector<Reading> read_start_time(const Scrape& scrape) {
  const std::chrono::duration<double> since_epoch = scrape.about.started_at.time_since_epoch();
  return {Reading{{}, since_epoch.count()}};
}

std::vector<Reading> read_thread_cpu(const Scrape& scrape) {
  std::vector<Reading> readings;
  for (const ThreadCpu& thread : scrape.process.threads)
    readings.push_back(Reading{thread.name, thread.cpu_seconds});
  return readings;
}

template <class Metric>
struct KindOf;
template <>
struct KindOf<Counter> : std::integral_constant<Kind, Kind::counter> {};
template <>
struct KindOf<Gauge> : std::integral_constant<Kind, Kind::gauge> {};
template <>
struct KindOf<Histogram> : std::integral_constant<Kind, Kind::histogram> {};
template <class Enum, class Metric>
struct KindOf<Family<Enum, Metric>> : KindOf<Metric> {};

template <auto Member>
using MemberType = std::remove_cvref_t<decltype(std::declval<Metrics>().*Member)>;

// A row for a member of Metrics; does not compile when the word and the member's type disagree.
template <Kind kind, auto Member>
constexpr Series row(std::string_view name, std::string_view label, std::string_view help) {
  static_assert(KindOf<MemberType<Member>>::value == kind);
  return {kind, name, label, help, read_member<Member>};
}

template <auto Member>
constexpr Series counter(std::string_view name, std::string_view label, std::string_view help) {
  return row<Kind::counter, Member>(name, label, help);
}

template <auto Member>
constexpr Series gauge(std::string_view name, std::string_view label, std::string_view help) {
  return row<Kind::gauge, Member>(name, label, help);
}

template <auto Member>
constexpr Series histogram(std::string_view name, std::string_view label, std::string_view help) {
  return row<Kind::histogram, Member>(name, label, help);
}

using M = Metrics;
using P = ProcessReadings;

constexpr std::array table{
    gauge<&M::source_interfaces>("wg_provisiond_source_interfaces", "source",
                                 "Interfaces that the source serves now."),
    counter<&M::source_failures>("wg_provisiond_source_failures_total", "source",
                                 "Sources that ended with an error or could not begin."),
    counter<&M::sighting_drops>("wg_provisiond_sighting_drops_total", "reason",
                                "Initiations that reached the machine and made no sighting."),
    counter<&M::frame_refusals>("wg_provisiond_frame_refusals_total", "reason",
                                "Captured frames that hold no handshake initiation."),
    counter<&M::sightings>("wg_provisiond_sightings_total", "source",
                           "Handshake initiations taken from a source."),
    counter<&M::cross_checks>("wg_provisiond_cross_checks_total", "result",
                              "Initiations on interfaces that two sources watch."),
    counter<&M::cookie_replies_sent>("wg_provisiond_cookie_replies_sent_total", "",
                                     "Cookie replies sent under load."),
    gauge<&M::attack_mode>("wg_provisiond_attack_mode", "",
                           "1 while first contact needs a cookie from every source."),
    counter<&M::attack_mode_entries>("wg_provisiond_attack_mode_entries_total", "",
                                     "Times that the attack mode began."),
    counter<&M::claims>("wg_provisiond_claims_total", "",
                        "Initiations whose static key could be read: a key is claimed."),
    counter<&M::proofs>("wg_provisiond_proofs_total", "",
                        "Initiations whose sender holds the private key."),
    counter<&M::shared_secrets>("wg_provisiond_shared_secrets_total", "result",
                                "Proofs by where the secret of the two static keys came from."),
    gauge<&M::authenticate_queue_length>("wg_provisiond_authenticate_queue_length", "",
                                         "Initiations waiting for key agreement."),
    histogram<&M::authenticate_duration>(
        "wg_provisiond_authenticate_duration_seconds", "",
        "Key agreement of one initiation, without the wait before it."),
    gauge<&M::draining>("wg_provisiond_draining", "",
                        "1 while nobody new is let in, by order of the operator."),
    counter<&M::refusals>("wg_provisiond_refusals_total", "reason",
                          "Sightings that got no tunnel."),
    counter<&M::dry_run_refusals>("wg_provisiond_dry_run_refusals_total", "reason",
                                  "Sightings that would have got no tunnel."),
    counter<&M::dry_run_installs>("wg_provisiond_dry_run_installs_total", "",
                                  "Peers that would have been handed to a device."),
    counter<&M::dry_run_changes>(
        "wg_provisiond_dry_run_changes_total", "",
        "Peers on a device that would have been changed to fit their row."),
    counter<&M::dry_run_removals>("wg_provisiond_dry_run_removals_total", "",
                                  "Peers that would have been taken off a device."),
    gauge<&M::table_entries>("wg_provisiond_table_entries", "table",
                             "Entries in a table of fixed size."),
    counter<&M::table_evictions>("wg_provisiond_table_evictions_total", "table",
                                 "Entries displaced because their table was full."),
    counter<&M::second_chances>(
        "wg_provisiond_second_chances_total", "",
        "Keys that the filter of known keys does not have and that were let pass."),
    gauge<&M::database_sessions>("wg_provisiond_database_sessions", "",
                                 "Database sessions that are connected."),
    counter<&M::database_reconnects>("wg_provisiond_database_reconnects_total", "",
                                     "Database sessions opened again after a loss."),
    counter<&M::database_answers>("wg_provisiond_database_answers_total", "",
                                  "Answers of the database, to whatever was asked."),
    gauge<&M::database_last_answer>("wg_provisiond_database_last_answer_timestamp_seconds", "",
                                    "When the database last answered, in seconds since 1970."),
    gauge<&M::another_database>("wg_provisiond_another_database", "",
                                "1 while another database answers than the one that is ours."),
    gauge<&M::schema_mismatch>("wg_provisiond_database_schema_mismatch", "",
                               "1 while the database cannot be used because of its schema."),
    counter<&M::gateway_name_conflicts>(
        "wg_provisiond_gateway_name_conflicts_total", "",
        "Reports that found another gateway alive under the same name."),
    counter<&M::lookups_resumed>("wg_provisiond_lookups_resumed_total", "",
                                 "Look-ups of keys that waited for the database to come back."),
    counter<&M::reports_written>("wg_provisiond_reports_written_total", "",
                                 "Refused keys and interfaces told to the database."),
    counter<&M::session_ownerships_written>("wg_provisiond_session_ownerships_written_total", "",
                                            "Sessions told to the database."),
    counter<&M::session_ownerships_dropped>("wg_provisiond_session_ownerships_dropped_total", "",
                                            "Sessions not told because too many waited."),
    gauge<&M::session_ownerships_waiting>("wg_provisiond_session_ownerships_waiting", "",
                                          "Sessions that the database has not been told yet."),
    gauge<&M::change_feed_up>("wg_provisiond_change_feed_up", "",
                              "1 while changes come by notification, 0 while they are polled."),
    counter<&M::changes>("wg_provisiond_changes_total", "",
                         "Keys whose rows the database said had changed."),
    counter<&M::resyncs>("wg_provisiond_resyncs_total", "",
                         "Times that every key of an interface may have changed."),
    gauge<&M::known_keys>("wg_provisiond_known_keys", "", "Keys in the filters of known keys."),
    gauge<&M::known_keys_bytes>("wg_provisiond_known_keys_bytes", "",
                                "Memory of the filters of known keys."),
    gauge<&M::known_keys_interfaces>("wg_provisiond_known_keys_interfaces", "",
                                     "Interfaces with a filter of known keys that is ready."),
    counter<&M::known_key_reads>("wg_provisiond_known_key_reads_total", "",
                                 "Times that all keys of an interface were read."),
    gauge<&M::rechecks>("wg_provisiond_rechecks", "",
                        "Peers on devices whose rows may have changed and were not read yet."),
    gauge<&M::lookup_queue_length>("wg_provisiond_lookup_queue_length", "",
                                   "Look-ups waiting for a database session."),
    counter<&M::lookup_batches>("wg_provisiond_lookup_batches_total", "",
                                "Queries sent to the database."),
    counter<&M::lookup_keys>("wg_provisiond_lookup_keys_total", "",
                             "Keys asked for in these queries."),
    counter<&M::lookup_errors>("wg_provisiond_lookup_errors_total", "",
                               "Queries that failed or missed their deadline."),
    histogram<&M::lookup_duration>("wg_provisiond_lookup_duration_seconds", "",
                                   "From asking for a key to its answer, the wait included."),
    counter<&M::peers_installed>("wg_provisiond_peers_installed_total", "",
                                 "Peers handed to a device."),
    counter<&M::peers_removed>("wg_provisiond_peers_removed_total", "",
                               "Peers taken from a device."),
    counter<&M::device_errors>("wg_provisiond_device_errors_total", "",
                               "Device operations that failed."),
    gauge<&M::peers>("wg_provisiond_peers", "", "Peers on all devices, adopted ones included."),
    gauge<&M::peer_stages>("wg_provisiond_peer_stages", "stage",
                           "Peers on all devices by where they are in their life."),
    gauge<&M::foreign_peers>("wg_provisiond_foreign_peers", "",
                             "Peers that the database does not know, put there by others."),
    gauge<&M::missing_rows>("wg_provisiond_peers_without_row", "",
                            "Peers of ours that are kept although the database has neither their "
                            "row nor a tombstone."),
    counter<&M::peers_adopted>("wg_provisiond_peers_adopted_total", "",
                               "Peers found on a device that have a row."),
    counter<&M::evictions>("wg_provisiond_evictions_total", "reason",
                           "Peers taken off a device by policy."),
    counter<&M::premature_evictions>("wg_provisiond_premature_evictions_total", "",
                                     "Peers back within ten minutes of being evicted as idle or "
                                     "over the limit."),
    gauge<&M::routes>("wg_provisiond_routes", "", "Kernel routes that the daemon keeps."),
    counter<&M::routes_refused>("wg_provisiond_routes_refused_total", "",
                                "Prefixes of peers that the gateway's own settings or needs left "
                                "without a route."),
    counter<&M::route_errors>("wg_provisiond_route_errors_total", "",
                              "Kernel routes that could not be listed, added or removed."),
    histogram<&M::install_duration>("wg_provisiond_install_duration_seconds", "",
                                    "From handing a peer to the device to its acknowledgement."),
    counter<&M::greetings>("wg_provisiond_greetings_total", "strategy",
                           "Handshakes started on behalf of a new peer."),
    gauge<&M::greeting>("wg_provisiond_greeting_peers", "",
                        "Peers waiting for their first handshake."),
    counter<&M::peers_connected>("wg_provisiond_peers_connected_total", "",
                                 "Peers whose first handshake completed."),
    counter<&M::peers_enrolled>("wg_provisiond_peers_enrolled_total", "",
                                "Devices that passed their trial and became peers."),
    histogram<&M::first_handshake_duration>("wg_provisiond_first_handshake_duration_seconds", "",
                                            "From the sighting to the first completed handshake."),
    histogram<&M::watch_pass_duration>("wg_provisiond_watch_pass_duration_seconds", "",
                                       "One pass over the peers of one device."),
    counter<&M::incomplete_passes>("wg_provisiond_incomplete_passes_total", "",
                                   "Passes that may not have shown every peer, because the device "
                                   "was changed meanwhile."),
    histogram<&M::decision_duration>("wg_provisiond_decision_duration_seconds", "",
                                     "From the sighting to its refusal or to the installed peer."),
    histogram<&M::loop_turn>(
        "wg_provisiond_loop_turn_seconds", "",
        "One turn of the main loop: what arrives meanwhile waits for its end."),
    counter<&M::log_lines_suppressed>("wg_provisiond_log_lines_suppressed_total", "",
                                      "Log lines left out to keep the log readable."),
    counter<&M::log_lines_lost>("wg_provisiond_log_lines_lost_total", "",
                                "Log lines that standard error did not take in time."),
    Series{Kind::gauge, "wg_provisiond_build_info", "version", "The version that runs; always 1.",
           read_build_info},
    Series{Kind::counter, "wg_provisiond_thread_cpu_seconds_total", "thread",
           "Processor time of the threads that run now, by their task.", read_thread_cpu},
    Series{Kind::counter, "process_cpu_seconds_total", "",
           "Processor time of the process, user and system.", read_process<&P::cpu_seconds>},
    Series{Kind::gauge, "process_resident_memory_bytes", "", "Memory in use.",
           read_process<&P::resident_bytes>},
    Series{Kind::gauge, "process_open_fds", "", "File descriptors open.",
           read_process<&P::open_fds>},
    Series{Kind::gauge, "process_max_fds", "", "File descriptors that may be open.",
           read_process<&P::maximum_fds>},
    Series{Kind::gauge, "process_start_time_seconds", "",
           "When the process started, in seconds since 1970.", read_start_time},
};

} // namespace

std::span<const Series> all_series() {
  return table;
}

} // namespace provisiond::metrics
