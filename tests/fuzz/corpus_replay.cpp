// Plays the corpus of every target back, and a few thousand changes to it that are the same in each
// run. The fuzzer itself, which looks for more, is scripts/fuzz.sh.

#include "fuzz/targets.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace provisiond::fuzz {
namespace {

using ByteVector = std::vector<std::uint8_t>;

constexpr std::size_t longest_input = 4096;
constexpr int changes_of_each = 1'000;

// What a target has been given last, for the one that ends the process by it.
Bytes last_input;

// Writes it down in hexadecimal; nothing here allocates.
extern "C" void tell_last_input(int signal_number) {
  constexpr std::array digits{'0', '1', '2', '3', '4', '5', '6', '7',
                              '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  constexpr std::string_view what = "\nended by this input, in hexadecimal:\n";
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, what.data(), what.size());
  for (const std::uint8_t byte : last_input) {
    const std::array text{digits[byte >> 4U], digits[byte & 15U]};
    written = write(STDERR_FILENO, text.data(), text.size());
  }
  written = write(STDERR_FILENO, "\n", 1);
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void run(const Target& target, const ByteVector& input) {
  last_input = input;
  target.run(input);
}

std::vector<ByteVector> corpus_of(const Target& target) {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path folder{PROVISIOND_SOURCE_DIR "/tests/fuzz/corpus"};
  for (const std::filesystem::directory_entry& entry :
       std::filesystem::directory_iterator{folder / target.name})
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end()); // so that changes are the same in each run
  std::vector<ByteVector> inputs;
  for (const std::filesystem::path& path : paths) {
    std::ifstream file{path, std::ios::binary};
    inputs.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  return inputs;
}

// Makes inputs out of others. Reads nothing but its seed.
class Changer {
 public:
  explicit Changer(const std::vector<ByteVector>& corpus) : corpus_{corpus} {}

  ByteVector changed(const ByteVector& input) {
    ByteVector made = input;
    for (std::size_t count = 1 + below(4); count > 0; --count)
      change(made);
    made.resize(std::min(made.size(), longest_input));
    return made;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  std::uint8_t byte() {
    constexpr std::array<std::uint8_t, 8> edges{0, 1, 0x7f, 0x80, 0xff, '\n', '"', ','};
    return below(2) == 0 ? edges.at(below(edges.size())) : static_cast<std::uint8_t>(below(256));
  }
  void change(ByteVector& bytes) {
    const std::size_t at = below(bytes.size() + 1);
    const ByteVector::iterator place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(5)) {
    case 0:
      bytes.resize(at);
      break;
    case 1:
      bytes.insert(place, byte());
      break;
    case 2: // the end of another one
      splice(bytes, at);
      break;
    case 3:
      if (at < bytes.size()) bytes.erase(place);
      break;
    default:
      if (at < bytes.size()) *place = byte();
      break;
    }
  }
  void splice(ByteVector& bytes, std::size_t at) {
    const ByteVector& other = corpus_[below(corpus_.size())];
    bytes.resize(at);
    bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(below(other.size() + 1)),
                 other.end());
  }

  const std::vector<ByteVector>& corpus_;
  std::mt19937 random_; // of the standard's fixed seed
};

class Corpus : public testing::TestWithParam<Target> {
 protected:
  static void SetUpTestSuite() {
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE})
      std::signal(number, tell_last_input);
  }
};

TEST_P(Corpus, KeepsItsPromises) {
  const Target& target = GetParam();
  const std::vector<ByteVector> corpus = corpus_of(target);
  ASSERT_FALSE(corpus.empty());
  run(target, {});
  Changer changer{corpus};
  for (const ByteVector& input : corpus) {
    run(target, input);
    for (int count = 0; count < changes_of_each; ++count)
      run(target, changer.changed(input));
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Corpus, testing::ValuesIn(targets),
                         [](const testing::TestParamInfo<Target>& each) {
                           return std::string{each.param.name};
                         });

} // namespace
} // namespace provisiond::fuzz
