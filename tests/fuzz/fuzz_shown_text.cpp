// Any texts from outside, with zero bytes between them, on their way out: to a terminal, into the
// log, into JSON, into a parameter of a query. Each arrives as one value, and nothing in it can
// pass for more.

#include "base/log.hpp"
#include "cli/json.hpp"
#include "cli/peer_text.hpp"
#include "cli/table.hpp"
#include "fuzz/input.hpp"
#include "fuzz/targets.hpp"
#include "postgres/array_literal.hpp"
#include "postgres/connection_string.hpp"
#include "postgres/database_error.hpp"
#include "registry/key_words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using nlohmann::json;

namespace provisiond::fuzz::fuzz_shown_text {
namespace {

bool is_control(char c) {
  const unsigned char byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::ptrdiff_t lines_of(std::string_view text) {
  return std::count(text.begin(), text.end(), '\n');
}

void check_terminal(std::string_view text) {
  const std::string shown = cli::printable(text);
  require(std::none_of(shown.begin(), shown.end(), is_control));
  static_cast<void>(json(shown).dump()); // throws at what is not UTF-8
  require(cli::printable(shown) == shown);
}

void check_log(std::string_view text) {
  const std::string line = log::format_line("event", {{"name", std::string{text}}});
  require(std::none_of(line.begin(), line.end(), is_control));
  std::string_view value{line};
  require(value.starts_with("event name="));
  value.remove_prefix(std::string_view{"event name="}.size());
  if (!value.starts_with('"')) return require(value == text && !text.empty());
  // Up to the quote that ends it, which is the last character.
  std::size_t end = 1;
  while (end < value.size() && value[end] != '"')
    end += value[end] == '\\' ? 2 : 1;
  require(end + 1 == value.size());
}

// As PostgreSQL reads an array of text, for what ArrayLiteral writes.
std::vector<std::string> elements_of(std::string_view literal) {
  require(literal.starts_with('{') && literal.ends_with('}'));
  std::vector<std::string> elements;
  std::size_t at = 1;
  while (literal[at] != '}') {
    require(literal[at++] == '"');
    std::string& element = elements.emplace_back();
    while (literal.at(at) != '"') {
      if (literal[at] == '\\') ++at;
      element += literal.at(at++);
    }
    if (literal.at(++at) == ',') ++at;
  }
  require(at + 1 == literal.size());
  return elements;
}

void check_array(const std::vector<std::string>& texts) {
  postgres::ArrayLiteral literal;
  for (const std::string& text : texts)
    literal.add(text);
  require(elements_of(std::move(literal).finish()) == texts);
}

registry::PeerRow row_of(const std::vector<std::string>& texts) {
  const auto text = [&](std::size_t index) -> std::string {
    return index < texts.size() ? texts[index] : "";
  };
  registry::PeerRow row;
  row.network = text(0);
  row.name = text(1);
  row.public_key = text(2);
  row.allowed_ips = {text(3), text(4)};
  row.labels = text(5);
  row.comment = text(6);
  row.state = text(7);
  row.expires_at = text(8);
  return row;
}

void check_peer(const registry::PeerRow& row) {
  require(json::parse(cli::json_of(row)).is_object());
  const std::vector<registry::PeerRow> rows{row, row};
  require(json::parse(cli::json_of(rows)).size() == 2);
  require(lines_of(cli::table_of(rows)) == 3);
  require(lines_of(cli::description_of(row)) == 18);
  require(lines_of(cli::title_of(row)) == 0);
}

void check_message(std::string_view text) {
  for (const std::string& line : {postgres::one_line(text), postgres::server_message(text)}) {
    require(line.find_first_of("\n\r\t") == std::string::npos && !line.ends_with(' '));
    require(line.find("  ") == std::string::npos);
  }
  std::size_t word = 0;
  for (const char c : registry::without_keys(text)) {
    const bool is_of_key = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
    word = is_of_key ? word + 1 : 0;
    require(word < 40);
  }
}

} // namespace

void run(Bytes bytes) {
  check_terminal(text_of(bytes));
  check_log(text_of(bytes));
  check_message(text_of(bytes));
  std::vector<std::string> texts;
  for (Input input{bytes}; !input.is_empty();)
    texts.emplace_back(input.text_before('\0'));
  check_array(texts);
  check_peer(row_of(texts));
}

} // namespace provisiond::fuzz::fuzz_shown_text
