#pragma once

#include "settings/cursor.hpp"
#include "settings/values.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace provisiond::settings {

// One key of a section: its name in the file and how its value gets into the struct.
template <class Section>
struct Field {
  std::string_view key;
  Limits limits;
  void (*read)(const Cursor& at, const Limits& limits, Section& into);
};

template <class>
struct SectionOf;
template <class Section, class Value>
struct SectionOf<Value Section::*> {
  using Type = Section;
};

// The common case: the value goes into one member, by the member's type (values.hpp).
template <auto Member>
constexpr Field<typename SectionOf<decltype(Member)>::Type> field(std::string_view key,
                                                                  Limits limits = {}) {
  using Section = typename SectionOf<decltype(Member)>::Type;
  return {key, limits, [](const Cursor& at, const Limits& allowed, Section& into) {
            read_value(at, allowed, into.*Member);
          }};
}

// False, and reported, if the value is not a map. An empty value counts as an empty map: a section
// whose keys are all commented out.
bool expect_map(const Cursor& at);

// Reports keys that are not in `known` or that stand there twice, with what was probably meant.
// Gives the entries that are left to read.
std::vector<const Node*> known_entries(const Cursor& at, std::span<const std::string_view> known);

// Reads every entry of a map by its row in `fields`; what has no entry keeps its default.
template <class Section>
void read_section(const Cursor& at, std::span<const Field<Section>> fields, Section& into) {
  if (!expect_map(at)) return;
  std::vector<std::string_view> known;
  for (const Field<Section>& field : fields)
    known.push_back(field.key);
  for (const Node* entry : known_entries(at, known))
    for (const Field<Section>& field : fields)
      if (field.key == entry->key) field.read(at.child(*entry), field.limits, into);
}

} // namespace provisiond::settings
