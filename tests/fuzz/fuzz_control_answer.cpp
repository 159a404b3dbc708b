// Any bytes as the daemon's answer on the control socket, in pieces of any size (the first byte
// says which): the client understands them the same way in one piece, hands on nothing but JSON
// objects, and what it shows is one line for each.

#include "cli/control_answer.hpp"
#include "cli/daemon_text.hpp"
#include "fuzz/input.hpp"
#include "fuzz/targets.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace provisiond::fuzz::fuzz_control_answer {

using provisiond::cli::ControlAnswer;

namespace {

struct Heard {
  std::vector<std::string> lines;
  std::optional<Status> ended;
};

Heard hear(Bytes bytes, std::size_t piece_length) {
  ControlAnswer answer;
  Heard heard;
  Pieces pieces{bytes, piece_length};
  for (Bytes piece = pieces.next(); !heard.ended && !piece.empty(); piece = pieces.next())
    heard.ended =
        answer.hear(text_of(piece), [&](std::string_view line) { heard.lines.emplace_back(line); });
  return heard;
}

void require_same(const Heard& one, const Heard& other) {
  require(one.lines == other.lines && one.ended.has_value() == other.ended.has_value());
  if (!one.ended) return;
  require(one.ended->has_value() == other.ended->has_value());
  if (one.ended->has_value()) return;
  require(one.ended->error().message() == other.ended->error().message());
  require(one.ended->error().code() == other.ended->error().code());
}

void require_shown(const std::string& text) {
  require(text.ends_with('\n'));
  require(std::all_of(text.begin(), text.end(), [](char c) {
    const unsigned char byte = static_cast<unsigned char>(c);
    return c == '\n' || (byte >= 0x20 && byte != 0x7f);
  }));
}

void check(Bytes bytes, std::size_t piece_length) {
  const Heard heard = hear(bytes, bytes.size());
  require_same(heard, hear(bytes, piece_length));
  for (const std::string& line : heard.lines)
    require(nlohmann::json::parse(line).is_object());

  const std::string table = cli::peers_table(heard.lines);
  require_shown(table);
  require(std::count(table.begin(), table.end(), '\n') ==
          static_cast<std::ptrdiff_t>(heard.lines.size() + 1));
  require_shown(cli::status_text(heard.lines));
  require_shown(cli::live_key_text(heard.lines));
  require_shown(cli::live_source_text(heard.lines));
  require(nlohmann::json::parse(cli::array_of_lines(heard.lines)).size() == heard.lines.size());
  require(nlohmann::json::parse(cli::object_of_line(heard.lines)).is_object());
}

} // namespace

void run(Bytes bytes) {
  Input input{bytes};
  const std::size_t piece_length = input.number<std::uint8_t>();
  check(input.rest(), piece_length);
}

} // namespace provisiond::fuzz::fuzz_control_answer
