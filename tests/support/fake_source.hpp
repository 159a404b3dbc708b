#pragma once

#include "events/source.hpp"

#include <utility>
#include <vector>

namespace provisiond::test {

// A source that the test speaks for; remembers what it was told.
class FakeSource final : public events::Source {
 public:
  [[nodiscard]] SourceKind kind() const override { return SourceKind::probe; }
  [[nodiscard]] int fd() const override { return -1; }
  Status watch(const events::WatchedInterface& interface) override {
    watched.push_back(interface);
    return {};
  }
  Status unwatch(InterfaceId interface) override {
    std::erase_if(watched, [&](const auto& known) { return known.id == interface; });
    return {};
  }
  Status read(const Instant& /*now*/, std::vector<Sighting>& sink) override {
    sink.insert(sink.end(), waiting.begin(), waiting.end());
    waiting.clear();
    return {};
  }
  void refuse(const PeerId& id, TimePoint until) override { refused.emplace_back(id, until); }
  void readmit(const PeerId& id) override { readmitted.push_back(id); }
  Result<events::SourceStatistics> statistics() override { return events::SourceStatistics{}; }

  std::vector<events::WatchedInterface> watched;
  std::vector<Sighting> waiting;
  std::vector<std::pair<PeerId, TimePoint>> refused;
  std::vector<PeerId> readmitted;
};

} // namespace provisiond::test
