#include "settings/load.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Whatever the bytes, the reader neither throws nor crashes, and says what is wrong or gives
// settings.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace provisiond::settings;
  const std::string_view text{reinterpret_cast<const char*>(bytes), size};
  const Loaded loaded = parse(text, "fuzz.yaml");
  const std::vector<Problem>* problems = std::get_if<std::vector<Problem>>(&loaded);
  if (problems != nullptr && problems->empty()) std::abort();
  return 0;
}
