#pragma once

#include "base/log.hpp"

#include <gtest/gtest.h>

#include <string>

namespace provisiond::test {

// What is logged from here on; the log is written by a thread of its own.
inline void capture_log() {
  log::flush();
  testing::internal::CaptureStderr();
}

// What was logged since.
inline std::string captured_log() {
  log::flush();
  return testing::internal::GetCapturedStderr();
}

} // namespace provisiond::test
