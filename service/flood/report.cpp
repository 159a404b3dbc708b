#include "flood/report.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <numeric>

namespace provisiond::flood {

namespace {

std::string latency_json(const LatencyHistogram& times) {
  return fmt::format("{{\"count\":{},\"p50\":{:.3f},\"p90\":{:.3f},\"p99\":{:.3f},\"max\":{:.3f}}}",
                     times.count(), times.percentile_ms(0.5), times.percentile_ms(0.9),
                     times.percentile_ms(0.99), times.longest_ms());
}

std::string latency_text(std::string_view what, const LatencyHistogram& times) {
  if (times.count() == 0) return {};
  return fmt::format("{}: p50 {:.2f} ms, p90 {:.2f} ms, p99 {:.2f} ms, max {:.2f} ms\n", what,
                     times.percentile_ms(0.5), times.percentile_ms(0.9), times.percentile_ms(0.99),
                     times.longest_ms());
}

std::string kind_json(const KindTally& tally) {
  std::string text = fmt::format("{{\"sent\":{},\"with_cookie\":{}", tally.sent, tally.with_cookie);
  for (std::size_t i = 0; i < answer_count; ++i)
    fmt::format_to(std::back_inserter(text), ",\"{}\":{}", answer_names[i], tally.answers[i]);
  fmt::format_to(std::back_inserter(text), ",\"unanswered\":{}}}", tally.unanswered());
  return text;
}

// Reasons of this program and of the kernel: printable, but a path may hold what JSON escapes.
std::string json_string(std::string_view text) {
  std::string json = "\"";
  for (const char letter : text) {
    const unsigned char byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') json += '\\';
    if (byte < 0x20) {
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", byte);
    } else {
      json += letter;
    }
  }
  return json + '"';
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

} // namespace

std::uint64_t KindTally::unanswered() const {
  return sent - std::accumulate(answers.begin(), answers.end(), std::uint64_t{0});
}

std::uint64_t Tally::sent() const {
  std::uint64_t sum = 0;
  for (const KindTally& kind : kinds)
    sum += kind.sent;
  return sum;
}

void Tally::note_sent(Kind kind, std::size_t bytes) {
  ++kinds[index_of(kind)].sent;
  bytes_sent += bytes;
}

void Tally::note_answer(Kind kind, Answer answer, Duration after) {
  ++kinds[index_of(kind)].answers[static_cast<std::size_t>(answer)];
  answered.add(after);
}

double Report::per_second(std::uint64_t count) const {
  const double time = seconds(sending);
  return time > 0 ? static_cast<double>(count) / time : 0;
}

std::string to_text(const Report& report) {
  const Tally& tally = report.tally;
  std::string text = fmt::format(
      "sent {} packets in {:.1f} s, {:.1f} a second of {:.1f} offered; {} bytes out, {} bytes in\n",
      tally.sent(), seconds(report.sending), report.per_second(tally.sent()), report.offered,
      tally.bytes_sent, tally.bytes_received);
  for (std::size_t i = 0; i < kind_count; ++i) {
    const KindTally& kind = tally.kinds[i];
    if (kind.sent == 0) continue;
    fmt::format_to(std::back_inserter(text), "{:>9}: {} sent ({} of them with a cookie)",
                   kind_names[i], kind.sent, kind.with_cookie);
    for (std::size_t j = 0; j < answer_count; ++j)
      fmt::format_to(std::back_inserter(text), ", {} {}", kind.answers[j], answer_names[j]);
    fmt::format_to(std::back_inserter(text), ", {} unanswered\n", kind.unanswered());
  }
  text += latency_text("first answers after", tally.answered);
  if (tally.handshakes.count() > 0)
    fmt::format_to(std::back_inserter(text), "{} handshakes, {:.1f} a second\n",
                   tally.handshakes.count(), report.per_second(tally.handshakes.count()));
  text += latency_text("handshakes took", tally.handshakes);
  fmt::format_to(std::back_inserter(text), "ended by: {}{}{}\n",
                 ended_names[static_cast<std::size_t>(report.ended)],
                 report.failure.empty() ? "" : ": ", report.failure);
  return text;
}

std::string to_json(const Report& report) {
  const Tally& tally = report.tally;
  std::string text = fmt::format(
      "{{\"sent\":{},\"seconds\":{:.3f},\"offered_per_second\":{:.3f},\"sent_per_second\":{:.3f},"
      "\"distinct\":{},\"bytes_sent\":{},\"bytes_received\":{},\"unexpected\":{},"
      "\"cookies_unused\":{},\"kinds\":{{",
      tally.sent(), seconds(report.sending), report.offered, report.per_second(tally.sent()),
      report.distinct, tally.bytes_sent, tally.bytes_received, tally.unexpected,
      tally.cookies_unused);
  std::string_view comma;
  for (std::size_t i = 0; i < kind_count; ++i) {
    if (tally.kinds[i].sent == 0) continue;
    fmt::format_to(std::back_inserter(text), "{}\"{}\":{}", comma, kind_names[i],
                   kind_json(tally.kinds[i]));
    comma = ",";
  }
  fmt::format_to(std::back_inserter(text),
                 "}},\"answer_ms\":{},\"handshakes\":{},\"handshakes_per_second\":{:.3f},"
                 "\"handshake_ms\":{},\"ended\":\"{}\",\"failure\":{}}}\n",
                 latency_json(tally.answered), tally.handshakes.count(),
                 report.per_second(tally.handshakes.count()), latency_json(tally.handshakes),
                 ended_names[static_cast<std::size_t>(report.ended)],
                 report.failure.empty() ? std::string{"null"} : json_string(report.failure));
  return text;
}

} // namespace provisiond::flood
