#pragma once

#include "base/unique_fd.hpp"
#include "events/source.hpp"
#include "metrics/metrics.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::events {

// Which source an interface is to be watched by. `automatic`: netlink where it reports whole
// initiations, else probe, else capture.
enum class SourceChoice : std::uint8_t { automatic, probe, netlink, capture };

struct SourcePreference {
  SourceChoice choice = SourceChoice::automatic;
  bool cross_check = false; // a second source watches too
};

// Something that an operator should know of a source, for the log.
struct SourceRemark {
  enum class Kind : std::uint8_t {
    serves,  // an interface, from now on; `reason`: why this one
    failed,  // an interface has lost it; `reason`: what is wrong with it
    overran, // the kernel had no room for what it saw; once per burst; `reason`: how much was lost
  };
  Kind kind = Kind::serves;
  SourceKind source = SourceKind::capture;
  std::optional<InterfaceId> interface; // not for `overran`
  std::string reason;
};

// All sources, and which of them watches which interface. An interface gets the first source that
// works, in the order of its preference; when that fails later, the next one, at once; and the
// better one again as soon as it works, which is tried after 5 s, then at growing intervals, at
// most a minute. A source is open only while an interface uses it.
//
// An interface set to `probe` or `capture` is never left to mere claims; one set to `netlink` takes
// them. A change of source leaves no gap: the new one watches before the old one ends.
//
// Loop thread. Moves `source_interfaces` and `source_failures`.
class SourceSet final : public RefusalSink {
 public:
  using Opener = std::function<Result<std::unique_ptr<Source>>()>;
  // Indexed by SourceKind.
  using Openers = std::array<Opener, source_kind_names.size()>;

  static constexpr Duration first_pause = std::chrono::seconds{5};
  static constexpr Duration longest_pause = std::chrono::minutes{1};

  // `preferences` is indexed by InterfaceId.
  static Result<std::unique_ptr<SourceSet>>
  open(Openers openers, std::span<const SourcePreference> preferences, metrics::Metrics& metrics);

  // Readable while sightings wait; constant.
  [[nodiscard]] int fd() const { return ready_.get(); }

  // Begins, or follows the interface to a new port or index. Fails when no source works, and says
  // what is wrong with each.
  Status watch(const WatchedInterface& interface, TimePoint now);
  void unwatch(InterfaceId interface);
  // Who watches it first.
  [[nodiscard]] std::optional<SourceKind> source_of(InterfaceId interface) const;

  // Appends what waits. A source that fails is replaced.
  void read(const Instant& now, std::vector<Sighting>& sink);
  // About once a second: lets the sources count what was lost, replaces those that fail at it, and
  // looks whether a better one works again.
  void check(TimePoint now);

  void refuse(const PeerId& id, TimePoint until) override;
  void readmit(const PeerId& id) override;
  void readmit_all(InterfaceId interface) override;

  // What happened since the last call.
  [[nodiscard]] std::vector<SourceRemark> take_remarks() { return std::exchange(remarks_, {}); }

 private:
  struct Serving {
    SourcePreference preference;
    std::optional<WatchedInterface> interface; // none: not watched
    std::optional<SourceKind> first;
    std::optional<SourceKind> second; // of the cross-check
    TimePoint try_better_at{};
    Duration pause = first_pause;
  };

  // What a source has lost until the last check, and whether it was losing then.
  struct Losses {
    std::uint64_t drops = 0;
    bool are_going_on = false;
  };

  SourceSet(UniqueFd ready, Openers openers, std::span<const SourcePreference> preferences,
            metrics::Metrics& metrics);

  void note_losses(SourceKind kind, const SourceStatistics& statistics);
  // One attempt of one source at one interface; the Error says why not.
  Status engage(SourceKind kind, const Serving& serving);
  Result<Source*> opened(SourceKind kind);
  // The best that works; one that has just `failed` comes last.
  Status choose(Serving& serving, TimePoint now, std::optional<SourceKind> failed = {});
  void choose_second(Serving& serving);
  void settle(Serving& serving, SourceKind kind, const std::string& reason);
  void try_better(Serving& serving, TimePoint now);
  void release(const Serving& serving, std::optional<SourceKind> kind);
  void replace(SourceKind kind, const Error& error, TimePoint now);
  void close(SourceKind kind);
  void close_unused();
  [[nodiscard]] std::unique_ptr<Source>& source(SourceKind kind);

  UniqueFd ready_; // epoll over all open sources
  Openers openers_;
  std::array<std::unique_ptr<Source>, source_kind_names.size()> sources_;
  std::array<Losses, source_kind_names.size()> losses_{};
  std::vector<Serving> serving_; // indexed by InterfaceId
  std::vector<SourceRemark> remarks_;
  metrics::Metrics& metrics_;
};

} // namespace provisiond::events
