#include "lookup/key_reader.hpp"

#include "lookup/key_queries.hpp"

#include <algorithm>
#include <chrono>

namespace provisiond::lookup {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t smallest_page = 256;
constexpr std::size_t first_page = 4'096;
constexpr std::size_t largest_page = 16'384;
constexpr Duration long_page = 100ms;
constexpr Duration short_page = 25ms;
constexpr Duration after_first_failure = 30s;
constexpr Duration longest_after_failure = 1h;
constexpr int rest_per_work = 9;
// Nothing is told when a network ends its trials.
constexpr Duration between_looks_at_trials = 60s;

} // namespace

KeyReader::KeyReader(const Networks& networks, KnownKeys* keys, metrics::Metrics& metrics)
    : networks_{networks}, keys_{keys}, metrics_{metrics}, wanted_(networks.references()->size()),
      after_failure_{after_first_failure}, page_{first_page} {}

void KeyReader::read_anew(InterfaceId interface) {
  if (keys_ == nullptr) return;
  keys_->pass_everything(interface);
  wanted_[interface.value].due = TimePoint{};
  if (reading_ && reading_->interface == interface) reading_.reset();
}

void KeyReader::heard(const PeerId& id) {
  if (keys_ == nullptr) return;
  const KnownKeys::Room room = keys_->add(id);
  const bool is_being_read = reading_ && reading_->interface == id.interface;
  if (is_being_read) reading_->values.push_back(keys_->value_of(id.key));
  Wanted& wanted = wanted_[id.interface.value];
  if (room == KnownKeys::Room::used_up && !is_being_read && !wanted.due) wanted.due = TimePoint{};
}

Duration KeyReader::pause(TimePoint now) const {
  if (reading_) return Duration::zero();
  Duration pause = Duration::max();
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    const std::optional<TimePoint> time = time_of({static_cast<std::uint16_t>(i)});
    if (time) pause = std::min(pause, std::max(*time - now, Duration::zero()));
  }
  return pause;
}

// A network that is not there yet is told of when it is.
std::optional<TimePoint> KeyReader::time_of(InterfaceId interface) const {
  const Wanted& wanted = wanted_[interface.value];
  if (!wanted.due || networks_.state(interface) != Networks::State::found) return std::nullopt;
  return std::max({*wanted.due, wanted.rests_until, resumes_at_});
}

std::optional<InterfaceId> KeyReader::next(TimePoint now) const {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    const InterfaceId interface { static_cast<std::uint16_t>(i) };
    const std::optional<TimePoint> time = time_of(interface);
    if (time && *time <= now) return interface;
  }
  return std::nullopt;
}

Status KeyReader::step(postgres::Connection& connection) {
  const TimePoint begun = Clock::now();
  if (!reading_) {
    const std::optional<InterfaceId> interface = next(begun);
    if (!interface) return {};
    reading_ = Reading{.interface = *interface};
    wanted_[interface->value].due.reset();
  }
  const std::size_t asked = page_;
  const std::string network = (*networks_.references())[reading_->interface.value];
  const Result<std::vector<std::optional<PublicKey>>> page =
      known_keys(connection, network, reading_->after, asked);
  const TimePoint now = Clock::now();
  if (!page) {
    failed(now);
    return fail(page.error());
  }
  reading_->took += now - begun;
  note_duration(now - begun);
  take(*page, asked, now);
  return {};
}

void KeyReader::failed(TimePoint now) {
  wanted_[reading_->interface.value].due = TimePoint{};
  reading_.reset();
  resumes_at_ = now + after_failure_;
  after_failure_ = std::min(2 * after_failure_, longest_after_failure);
  page_ = smallest_page;
}

void KeyReader::note_duration(Duration took) {
  if (took > long_page) page_ = std::max(page_ / 2, smallest_page);
  if (took < short_page) page_ = std::min(page_ * 2, largest_page);
}

void KeyReader::take(const std::vector<std::optional<PublicKey>>& page, std::size_t asked,
                     TimePoint now) {
  Wanted& wanted = wanted_[reading_->interface.value];
  if (!page.empty() && !page.front()) {
    keys_->pass_everything(reading_->interface);
    wanted.due = now + between_looks_at_trials;
    return reading_.reset();
  }
  for (const std::optional<PublicKey>& key : page)
    if (key) reading_->values.push_back(keys_->value_of(*key));
  if (page.size() == asked) {
    reading_->after = page.back();
    return;
  }
  keys_->replace(reading_->interface, reading_->values);
  metrics_.known_key_reads.add();
  after_failure_ = after_first_failure;
  wanted.rests_until = now + rest_per_work * reading_->took;
  reading_.reset();
}

} // namespace provisiond::lookup
