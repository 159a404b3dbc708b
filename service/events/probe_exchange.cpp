#include "events/probe_exchange.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

namespace provisiond::events {

namespace {

constexpr int answer_timeout_ms = 60'000;
constexpr std::size_t most_shared = 1'024;
constexpr std::size_t most_translated = 8;

struct PrefixBytes {
  std::array<std::uint8_t, 16> address;
  std::uint8_t length;
  std::uint8_t is_v6;
};

struct Question {
  std::uint64_t buffer_bytes;
  double per_second;
  std::uint32_t burst;
  std::uint32_t refused_keys;
  std::uint32_t shared_count;
  std::uint32_t translated_count;
  std::array<PrefixBytes, most_shared> shared;
  std::array<PrefixBytes, most_translated> translated;
};

struct Answer {
  std::int32_t code; // of the Error
  std::array<char, 508> text;
  std::int32_t has_probe;
};
static_assert(std::is_trivially_copyable_v<Question> && std::is_trivially_copyable_v<Answer>);

PrefixBytes bytes_of(const IpPrefix& prefix) {
  return {.address = prefix.address.bytes,
          .length = prefix.length,
          .is_v6 =
              prefix.address.family == IpAddress::Family::v6 ? std::uint8_t{1} : std::uint8_t{0}};
}

std::unique_ptr<Question> question_of(const KernelProbe::Limits& limits) {
  std::unique_ptr<Question> question = std::make_unique<Question>();
  question->buffer_bytes = limits.buffer_bytes;
  question->per_second = limits.per_prefix.per_second;
  question->burst = limits.per_prefix.burst;
  question->refused_keys = limits.refused_keys;
  question->shared_count =
      static_cast<std::uint32_t>(std::min(limits.shared_prefixes.size(), most_shared));
  question->translated_count =
      static_cast<std::uint32_t>(std::min(limits.translated_prefixes.size(), most_translated));
  for (std::size_t i = 0; i < question->shared_count; ++i)
    question->shared[i] = bytes_of(limits.shared_prefixes[i]);
  for (std::size_t i = 0; i < question->translated_count; ++i)
    question->translated[i] = bytes_of(limits.translated_prefixes[i]);
  return question;
}

bool read_prefixes(std::span<const PrefixBytes> from, std::vector<IpPrefix>& into) {
  for (const PrefixBytes& bytes : from) {
    if (bytes.is_v6 > 1 || bytes.length > (bytes.is_v6 == 1 ? 128 : 32)) return false;
    into.push_back(
        {.address = {.family = bytes.is_v6 == 1 ? IpAddress::Family::v6 : IpAddress::Family::v4,
                     .bytes = bytes.address},
         .length = bytes.length});
  }
  return true;
}

// What the settings allow, and nothing beyond: the other side may be in strangers' hands.
Result<KernelProbe::Limits> limits_of(const Question& question) {
  KernelProbe::Limits limits{.buffer_bytes = question.buffer_bytes,
                             .refused_keys = question.refused_keys,
                             .per_prefix = {question.per_second, question.burst}};
  const bool is_sound =
      std::has_single_bit(question.buffer_bytes) && question.buffer_bytes >= (1U << 12U) &&
      question.buffer_bytes <= (1U << 26U) && question.refused_keys > 0 &&
      question.refused_keys <= (1U << 20U) && std::isfinite(question.per_second) &&
      question.shared_count <= most_shared && question.translated_count <= most_translated;
  if (!is_sound ||
      !read_prefixes(std::span{question.shared}.first(question.shared_count),
                     limits.shared_prefixes) ||
      !read_prefixes(std::span{question.translated}.first(question.translated_count),
                     limits.translated_prefixes))
    return fail(Error{"the question for the probe is beyond what settings allow", EINVAL});
  return limits;
}

union Control {
  cmsghdr header;
  std::array<char, CMSG_SPACE(ProbeHandles::count * sizeof(int))> bytes;
};

Status send_answer(int socket, const Answer& answer, const ProbeHandles* handles) {
  Answer copy = answer;
  iovec part{.iov_base = &copy, .iov_len = sizeof copy};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (handles != nullptr) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    cmsghdr* const item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(ProbeHandles::count * sizeof(int));
    std::array<int, ProbeHandles::count> numbers{};
    std::ranges::transform(handles->fds, numbers.begin(), &UniqueFd::get);
    std::memcpy(CMSG_DATA(item), numbers.data(), sizeof numbers);
  }
  if (::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0) return {};
  return fail(Error::system("answer for the probe", errno));
}

// All that came, so that none is left open; a message that was cut short has too few.
std::vector<UniqueFd> take_descriptors(msghdr& message) {
  std::vector<UniqueFd> taken;
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item != nullptr;
       item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(item) + i * sizeof fd, sizeof fd);
      taken.emplace_back(fd);
    }
  }
  return taken;
}

struct Received {
  ssize_t bytes = -1; // as recvmsg(2) says
  std::vector<UniqueFd> fds;
};

Received receive(int socket, void* data, std::size_t size) {
  iovec part{.iov_base = data, .iov_len = size};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  Received received;
  do {
    received.bytes = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (received.bytes < 0 && errno == EINTR);
  if (received.bytes >= 0) received.fds = take_descriptors(message);
  return received;
}

} // namespace

Result<ProbeHandles> ask_for_probe(int socket, const KernelProbe::Limits& limits) {
  const std::unique_ptr<Question> question = question_of(limits);
  if (::send(socket, question.get(), sizeof *question, MSG_NOSIGNAL) < 0)
    return fail(Error::system("ask the probe loader", errno));
  pollfd answered{.fd = socket, .events = POLLIN, .revents = 0};
  if (::poll(&answered, 1, answer_timeout_ms) != 1)
    return fail(Error::system("wait for the probe loader", ETIMEDOUT));
  Answer answer{};
  Received received = receive(socket, &answer, sizeof answer);
  if (received.bytes != static_cast<ssize_t>(sizeof answer))
    return fail(Error{"the probe loader has ended", EPIPE});
  answer.text.back() = '\0';
  if (answer.has_probe == 0) return fail(Error{answer.text.data(), answer.code});
  if (received.fds.size() != ProbeHandles::count)
    return fail(Error{"the probe loader sent too few descriptors", EPROTO});
  ProbeHandles handles;
  std::ranges::move(received.fds, handles.fds.begin());
  return handles;
}

Status answer_for_probe(int socket, const LoadProbe& load) {
  const std::unique_ptr<Question> question = std::make_unique<Question>();
  const Received received = receive(socket, question.get(), sizeof *question);
  if (received.bytes < 0) return fail(Error::system("hear what probe is wanted", errno));
  if (received.bytes != static_cast<ssize_t>(sizeof *question))
    return fail(Error{"nobody asks for a probe", EPIPE});
  const Result<KernelProbe::Limits> limits = limits_of(*question);
  const Result<ProbeHandles> handles =
      limits ? load(*limits) : Result<ProbeHandles>{fail(limits.error())};
  Answer answer{};
  if (handles) {
    answer.has_probe = 1;
    return send_answer(socket, answer, &*handles);
  }
  answer.code = handles.error().code();
  const std::string& text = handles.error().message();
  std::copy_n(text.begin(), std::min(text.size(), answer.text.size() - 1), answer.text.begin());
  return send_answer(socket, answer, nullptr);
}

} // namespace provisiond::events
