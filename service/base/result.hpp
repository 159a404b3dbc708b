#pragma once

#include "base/error.hpp"

#include <tl/expected.hpp>

#include <utility>

namespace provisiond {

// A value, or why there is none. C++20 has no std::expected; this alias is the only place that
// knows whose implementation we use, so that it can become std::expected without touching a caller.
//
//   Result<UniqueFd> fd = open_socket();
//   if (!fd) return fail(fd.error().while_doing("start capture"));    // pass on, with our words
//   return fail(Error::system("bind", errno));                        // make
//   use(*fd);                                                         // take
//
// An expected "no" (an unknown key, a refused packet) is a verdict with an enumerator, not an
// Error.
template <class T>
using Result = tl::expected<T, Error>;

// The result of an operation that has nothing to give back.
using Status = Result<void>;

inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>{std::move(error)};
}

} // namespace provisiond
