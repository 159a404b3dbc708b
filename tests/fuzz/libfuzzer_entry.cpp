// What libFuzzer calls with each input; compiled for each target, which the build names by
// FUZZ_TARGET.

#include "fuzz/targets.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  provisiond::fuzz::FUZZ_TARGET::run({data, size});
  return 0;
}
