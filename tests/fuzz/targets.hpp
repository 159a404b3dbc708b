#pragma once

#include "fuzz/input.hpp"

#include <array>
#include <string_view>

// The targets. Each takes any bytes and ends the process when they break a promise.
namespace provisiond::fuzz {

namespace fuzz_addresses {
void run(Bytes bytes);
}
namespace fuzz_control_answer {
void run(Bytes bytes);
}
namespace fuzz_control_request {
void run(Bytes bytes);
}
namespace fuzz_csv {
void run(Bytes bytes);
}
namespace fuzz_database_row {
void run(Bytes bytes);
}
namespace fuzz_dsn {
void run(Bytes bytes);
}
namespace fuzz_frame {
void run(Bytes bytes);
}
namespace fuzz_initiation {
void run(Bytes bytes);
}
namespace fuzz_netlink {
void run(Bytes bytes);
}
namespace fuzz_peer_dump {
void run(Bytes bytes);
}
namespace fuzz_settings {
void run(Bytes bytes);
}
namespace fuzz_shown_text {
void run(Bytes bytes);
}
namespace fuzz_uapi_answer {
void run(Bytes bytes);
}
namespace fuzz_unknown_peer_message {
void run(Bytes bytes);
}

struct Target {
  std::string_view name; // of its file, its program and its corpus
  void (*run)(Bytes bytes);
};
inline constexpr std::array targets{
    Target{"fuzz_addresses", fuzz_addresses::run},
    Target{"fuzz_control_answer", fuzz_control_answer::run},
    Target{"fuzz_control_request", fuzz_control_request::run},
    Target{"fuzz_csv", fuzz_csv::run},
    Target{"fuzz_database_row", fuzz_database_row::run},
    Target{"fuzz_dsn", fuzz_dsn::run},
    Target{"fuzz_frame", fuzz_frame::run},
    Target{"fuzz_initiation", fuzz_initiation::run},
    Target{"fuzz_netlink", fuzz_netlink::run},
    Target{"fuzz_peer_dump", fuzz_peer_dump::run},
    Target{"fuzz_settings", fuzz_settings::run},
    Target{"fuzz_shown_text", fuzz_shown_text::run},
    Target{"fuzz_uapi_answer", fuzz_uapi_answer::run},
    Target{"fuzz_unknown_peer_message", fuzz_unknown_peer_message::run},
};

} // namespace provisiond::fuzz
