#pragma once

#include "control/question.hpp"
#include "flow/interface.hpp"
#include "lookup/networks.hpp"

#include <string>
#include <vector>

namespace provisiond::daemon {

// Says which of our networks the database has: in the log once, and again when it is otherwise; and
// in `status`. Loop thread.
class NetworkWatch {
 public:
  NetworkWatch(const std::vector<flow::Interface>& interfaces, const lookup::Networks& networks)
      : interfaces_{interfaces}, networks_{networks}, said_(interfaces.size()) {}

  void tell();
  [[nodiscard]] std::vector<control::NetworkOverview> overview() const; // by InterfaceId

 private:
  struct View {
    lookup::Networks::State state = lookup::Networks::State::unasked;
    std::string name{};
    bool operator==(const View&) const = default;
  };

  [[nodiscard]] View view(const flow::Interface& interface) const;
  static void tell(const flow::Interface& interface, const View& now, const View& said);

  const std::vector<flow::Interface>& interfaces_;
  const lookup::Networks& networks_;
  std::vector<View> said_; // by InterfaceId
};

} // namespace provisiond::daemon
