#pragma once

#include <string>
#include <string_view>

// Manual pages in the macros of man(7).
namespace provisiond::manual {

// Builds one page, from its front to its end. Text is given as it is to be read; what roff would
// take for a request or an escape is escaped here.
class Page {
 public:
  struct Title {
    std::string_view name;    // wg-provisiond
    int section = 8;          // of the manual
    std::string_view version; // of the program
    std::string_view summary; // one line, without a full stop
  };
  explicit Page(const Title& title);

  void section(std::string_view heading);
  void subsection(std::string_view heading);
  // Begins a paragraph.
  void paragraph(std::string_view text);
  // A term, bold up to `rest`, with its explanation beneath, which may be empty.
  void item(std::string_view term, std::string_view rest, std::string_view text);
  // One more line beneath the item before it.
  void line(std::string_view text);
  // Lines that stay as they are.
  void verbatim(std::string_view lines);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A text of a page, in one paragraph: escaped, and no line of it a request.
std::string escaped(std::string_view text);

} // namespace provisiond::manual
