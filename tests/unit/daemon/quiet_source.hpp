#pragma once

#include "events/source_set.hpp"

#include <sys/eventfd.h>

#include <memory>
#include <utility>
#include <vector>

namespace provisiond::daemon {

// What a QuietSource has been told, and what it is to say; outlives it.
struct SourceState {
  std::vector<events::WatchedInterface> watched;
  std::vector<Sighting> waiting;
  bool cannot_watch = false;
};

// A source for a whole SourceSet, in the place of the one that captures.
class QuietSource final : public events::Source {
 public:
  explicit QuietSource(SourceState& state) : state_{state}, fd_{::eventfd(1, EFD_CLOEXEC)} {}
  [[nodiscard]] SourceKind kind() const override { return SourceKind::capture; }
  [[nodiscard]] int fd() const override { return fd_.get(); }
  Status watch(const events::WatchedInterface& interface) override {
    if (state_.cannot_watch) return fail(Error{"it cannot"});
    static_cast<void>(unwatch(interface.id));
    state_.watched.push_back(interface);
    return {};
  }
  Status unwatch(InterfaceId id) override {
    std::erase_if(state_.watched,
                  [&](const events::WatchedInterface& known) { return known.id == id; });
    return {};
  }
  Status read(const Instant& /*now*/, std::vector<Sighting>& sink) override {
    for (Sighting& sighting : std::exchange(state_.waiting, {}))
      sink.push_back(std::move(sighting));
    return {};
  }
  Result<events::SourceStatistics> statistics() override { return events::SourceStatistics{}; }

 private:
  SourceState& state_;
  UniqueFd fd_;
};

// The quiet source is the only one that works.
inline events::SourceSet::Openers quiet_openers(SourceState& state) {
  events::SourceSet::Openers openers;
  openers.fill([]() -> Result<std::unique_ptr<events::Source>> {
    return fail(Error{"not on this machine"});
  });
  openers[static_cast<std::size_t>(SourceKind::capture)] =
      [&state]() -> Result<std::unique_ptr<events::Source>> {
    return std::make_unique<QuietSource>(state);
  };
  return openers;
}

} // namespace provisiond::daemon
