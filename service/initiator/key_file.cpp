#include "initiator/key_file.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>

#include <cerrno>
#include <fstream>

namespace provisiond::initiator {

namespace {

constexpr std::size_t encoded_size = sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL);

Status write_file(const std::string& path, const char* bytes, std::size_t size) {
  const UniqueFd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!fd) return fail(Error::system(fmt::format("create {}", path), errno));
  while (size > 0) {
    const ssize_t written = ::write(fd.get(), bytes, size);
    if (written < 0) return fail(Error::system(fmt::format("write {}", path), errno));
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return {};
}

} // namespace

Result<std::vector<Secret<32>>> read_private_keys(const std::string& path) {
  std::ifstream file{path};
  if (!file) return fail(Error::system(fmt::format("open {}", path), errno));
  std::vector<Secret<32>> keys;
  for (std::string line; std::getline(file, line);) {
    Secret<32> key;
    std::size_t size = 0;
    const int status = sodium_base642bin(key.writable().data(), 32, line.data(), line.size(),
                                         nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(line.data(), line.size());
    if (status != 0 || size != 32) {
      return fail(Error{fmt::format("read {}: line {} is not a key", path, keys.size() + 1)});
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

Status write_private_keys(const std::string& path, const std::vector<Secret<32>>& keys) {
  std::string text(keys.size() * encoded_size, '\n');
  for (std::size_t i = 0; i < keys.size(); ++i) {
    char* line = text.data() + i * encoded_size;
    sodium_bin2base64(line, encoded_size, keys[i].bytes().data(), 32,
                      sodium_base64_VARIANT_ORIGINAL);
    line[encoded_size - 1] = '\n'; // in place of the terminating NUL
  }
  Status status = write_file(path, text.data(), text.size());
  sodium_memzero(text.data(), text.size());
  return status;
}

Result<std::vector<InitiationBytes>> read_initiations(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return fail(Error::system(fmt::format("open {}", path), errno));
  std::vector<InitiationBytes> initiations;
  InitiationBytes one{};
  while (file.read(reinterpret_cast<char*>(one.data()), one.size())) {
    initiations.push_back(one);
  }
  if (file.gcount() != 0) return fail(Error{fmt::format("read {}: a part is left over", path)});
  return initiations;
}

Status write_initiations(const std::string& path, const std::vector<InitiationBytes>& initiations) {
  return write_file(path, reinterpret_cast<const char*>(initiations.data()),
                    initiations.size() * sizeof(InitiationBytes));
}

} // namespace provisiond::initiator
