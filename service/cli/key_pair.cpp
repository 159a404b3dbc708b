#include "cli/key_pair.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace provisiond::cli {
namespace {

constexpr std::size_t key_length = 44; // in base64

Status start_sodium() {
  if (sodium_init() >= 0) return {};
  return fail(Error{"no source of random numbers"});
}

} // namespace

Result<KeyPair> make_key_pair() {
  const Status started = start_sodium();
  if (!started) return fail(started.error());
  KeyPair pair;
  const std::span<std::uint8_t, 32> secret = pair.private_key.writable();
  randombytes_buf(secret.data(), secret.size());
  secret[0] &= 0xf8;
  secret[31] = static_cast<std::uint8_t>((secret[31] & 0x7fU) | 0x40U);
  if (crypto_scalarmult_base(pair.public_key.bytes.data(), secret.data()) != 0)
    return fail(Error{"make a key pair: libsodium refused"});
  return pair;
}

Result<Secret<32>> make_preshared_key() {
  const Status started = start_sodium();
  if (!started) return fail(started.error());
  Secret<32> key;
  randombytes_buf(key.writable().data(), key.writable().size());
  return key;
}

Result<Secret<32>> read_key_file(const std::string& name) {
  const UniqueFd file{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return fail(Error{Error::system("read " + name, errno).message(), EINVAL});
  Secret<key_length + 2> text; // one byte more than the key and its newline
  std::size_t length = 0;
  ssize_t got = 1;
  while (got > 0 && length < text.bytes().size()) {
    got = ::read(file.get(), text.writable().data() + length, text.bytes().size() - length);
    if (got > 0) length += static_cast<std::size_t>(got);
  }
  if (length > 0 && text.bytes()[length - 1] == '\n') --length;
  Secret<32> key;
  std::size_t decoded = 0;
  // The cast only views bytes as the characters they are.
  const int status = sodium_base642bin(
      key.writable().data(), key.bytes().size(),
      reinterpret_cast<const char*>(text.bytes().data()), // NOLINT(*-reinterpret-cast)
      length, nullptr, &decoded, nullptr, sodium_base64_VARIANT_ORIGINAL);
  if (got < 0 || length != key_length || status != 0 || decoded != key.bytes().size())
    return fail(Error{fmt::format("read {}: not one key of 44 characters of base64, as \"wg "
                                  "genpsk\" prints it",
                                  name),
                      EINVAL});
  return key;
}

} // namespace provisiond::cli
