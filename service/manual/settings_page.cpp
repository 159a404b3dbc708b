#include "manual/pages.hpp"
#include "manual/roff.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace provisiond::manual {
namespace {

// A line of the annotated settings, without what is around it.
struct Line {
  enum class Kind { blank, text, verbatim, section, setting };
  Kind kind = Kind::blank;
  std::string text;  // of a comment; of a setting: what follows its value on the line
  std::string name;  // of a section or setting
  std::string value; // of a setting
};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// "name: value  # text" or "name:".
std::optional<Line> read_setting(std::string_view text) {
  if (text.starts_with("- ")) text.remove_prefix(2);
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (colon == std::string_view::npos || name.empty() ||
      name.find_first_not_of(letters) != std::string_view::npos)
    return std::nullopt;
  std::string_view value = text.substr(colon + 1);
  const std::size_t comment = value.find(" # ");
  const std::string_view remark =
      comment == std::string_view::npos ? std::string_view{} : value.substr(comment + 3);
  value = trimmed(value.substr(0, comment));
  return Line{.kind = value.empty() ? Line::Kind::section : Line::Kind::setting,
              .text = std::string{trimmed(remark)},
              .name = std::string{name},
              .value = std::string{value}};
}

Line read_line(std::string_view line) {
  const std::string_view text = trimmed(line);
  if (text.empty() || text == "#") return {};
  if (!text.starts_with('#')) {
    std::optional<Line> setting = read_setting(text);
    return setting ? *std::move(setting) : Line{};
  }
  if (!text.starts_with("# ")) {
    if (std::optional<Line> setting = read_setting(text.substr(1))) return *std::move(setting);
  }
  const std::string_view comment = text.substr(text.find_first_not_of('#') + 1);
  const std::optional<Line> example = read_setting(comment);
  if (example && example->kind == Line::Kind::setting) return *example; // an example of its value
  const bool is_verbatim = comment.starts_with("  ");
  return {.kind = is_verbatim ? Line::Kind::verbatim : Line::Kind::text,
          .text = std::string{is_verbatim ? comment : trimmed(comment)},
          .name = {},
          .value = {}};
}

void append(std::string& text, std::string_view more) {
  if (!text.empty()) text += '\n';
  text += more;
}

// Puts what it reads on the page, as soon as it knows what it belongs to.
class Reader {
 public:
  explicit Reader(Page& page) : page_{page} {}

  void take(Line line) {
    switch (line.kind) {
    case Line::Kind::blank:
      flush_text();
      break;
    case Line::Kind::text:
      if (!verbatim_.empty()) flush_text();
      append(text_, line.text);
      break;
    case Line::Kind::verbatim:
      append(verbatim_, line.text);
      break;
    case Line::Kind::section:
      begin(line.name);
      break;
    case Line::Kind::setting:
      append(text_, line.text);
      page_.item(line.name, ": " + line.value, std::exchange(text_, {}));
      break;
    }
  }
  void flush_text() {
    if (!text_.empty()) page_.paragraph(std::exchange(text_, {}));
    if (!verbatim_.empty()) page_.verbatim(std::exchange(verbatim_, {}));
  }

 private:
  // The comment before a section explains it.
  void begin(std::string_view name) {
    const std::string text = std::exchange(text_, {});
    page_.subsection(name);
    if (!text.empty()) page_.paragraph(text);
  }

  Page& page_;
  std::string text_;
  std::string verbatim_;
};

} // namespace

std::string settings_page(std::string_view annotated, std::string_view version) {
  Page page{{.name = "wg-provisiond.yaml",
             .section = 5,
             .version = version,
             .summary = "settings of wg-provisiond"}};
  page.section("Description");
  Reader reader{page};
  bool has_begun = false; // the first line says what the file is
  while (!annotated.empty()) {
    const std::size_t end = std::min(annotated.find('\n'), annotated.size());
    Line line = read_line(annotated.substr(0, end));
    annotated.remove_prefix(std::min(end + 1, annotated.size()));
    if (!has_begun && line.kind == Line::Kind::blank) {
      page.paragraph("Read from /etc/wg-provisiond/wg-provisiond.yaml when the daemon starts. This "
                     "page has every setting, "
                     "with its default, its unit and the reason for it.");
      has_begun = true;
      continue;
    }
    if (has_begun) reader.take(std::move(line));
  }
  reader.flush_text();
  page.section("See also");
  page.paragraph("wg-provisiond(8), wg-provisionctl(8)");
  return page.text();
}

} // namespace provisiond::manual
