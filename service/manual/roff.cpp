#include "manual/roff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace provisiond::manual {
namespace {

std::string upper(std::string_view text) {
  std::string made{text};
  std::ranges::transform(made, made.begin(), [](unsigned char letter) {
    return static_cast<char>(std::toupper(letter));
  });
  return made;
}

} // namespace

std::string escaped(std::string_view text) {
  std::string made;
  bool begins_line = true;
  for (const char letter : text) {
    if (begins_line && (letter == '.' || letter == '\'')) made += "\\&";
    begins_line = letter == '\n';
    if (letter == '\\')
      made += "\\e";
    else if (letter == '-')
      made += "\\-";
    else if (letter == '\'')
      made += "\\(aq";
    else if (letter == '`')
      made += "\\(ga";
    else if (letter == '^')
      made += "\\(ha";
    else if (letter == '~')
      made += "\\(ti";
    else
      made += letter;
  }
  return made;
}

Page::Page(const Title& title)
    : text_{fmt::format(".TH {} {} \"\" \"wg\\-provisiond {}\" \"WireGuard provisioning\"\n"
                        ".SH NAME\n{} \\- {}\n",
                        escaped(upper(title.name)), title.section, escaped(title.version),
                        escaped(title.name), escaped(title.summary))} {}

void Page::section(std::string_view heading) {
  text_ += fmt::format(".SH {}\n", escaped(upper(heading)));
}

void Page::subsection(std::string_view heading) {
  text_ += fmt::format(".SS {}\n", escaped(heading));
}

void Page::paragraph(std::string_view text) {
  text_ += fmt::format(".PP\n{}\n", escaped(text));
}

void Page::item(std::string_view term, std::string_view rest, std::string_view text) {
  text_ += fmt::format(".TP\n\\fB{}\\fR{}\n", escaped(term), escaped(rest));
  if (!text.empty()) text_ += escaped(text) + "\n";
}

void Page::line(std::string_view text) {
  text_ += fmt::format(".br\n{}\n", escaped(text));
}

void Page::verbatim(std::string_view lines) {
  text_ += fmt::format(".PP\n.nf\n{}\n.fi\n", escaped(lines));
}

} // namespace provisiond::manual
