#pragma once

#include "initiator/initiation.hpp"

namespace provisiond::test {

// Whoever sits at the other end of a handshake is a test's own: its names are read here like those
// of the fakes.
using namespace initiator;

} // namespace provisiond::test
