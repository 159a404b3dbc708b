#include "settings/tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <exception>
#include <optional>
#include <sstream>
#include <utility>

namespace provisiond::settings {
namespace {

Mark mark_of(const YAML::Mark& mark) {
  return Mark{mark.line + 1, mark.column + 1};
}

// Builds the tree from the parser's events, bottom up: `open_` holds the maps and sequences that
// have begun and not ended, the outermost first.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(Tree& tree) : tree_{tree} {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(leaf(Node::Kind::null, mark, anchor));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fault(mark, "aliases are not supported; write the value out");
    add(leaf(Node::Kind::unusable, mark, YAML::NullAnchor));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = leaf(Node::Kind::scalar, mark, anchor);
    node.text = value;
    refuse_tag(mark, tag);
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::optional<Node> key; // of the entry whose value comes next
  };

  void fault(const YAML::Mark& mark, std::string what) {
    tree_.faults.push_back({mark_of(mark), std::move(what)});
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) fault(mark, "anchors are not supported; remove the &name");
  }

  // "?" stands for no tag, "!" for a text in quotes.
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      fault(mark, "tags are not supported; remove the !tag");
  }

  Node leaf(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    Node node;
    node.kind = kind;
    node.at = mark_of(mark);
    return node;
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (open_.size() == maximum_depth)
      throw YAML::ParserException{
          mark, fmt::format("is nested more than {} levels deep; no setting is", maximum_depth)};
    refuse_tag(mark, tag);
    open_.push_back({leaf(kind, mark, anchor), std::nullopt});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (open_.empty()) {
      tree_.root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::sequence)
      parent.node.children.push_back(std::move(node));
    else if (!parent.key)
      parent.key = std::move(node);
    else
      add_entry(parent, std::move(node));
  }

  void add_entry(Open& parent, Node value) {
    const Node key = std::move(*parent.key);
    parent.key.reset();
    if (key.kind != Node::Kind::scalar || key.text.empty()) {
      if (key.kind != Node::Kind::unusable)
        tree_.faults.push_back({key.at, "is not a key; write a word and a colon"});
      return;
    }
    value.key = key.text;
    value.key_at = key.at;
    parent.node.children.push_back(std::move(value));
  }

  Tree& tree_;
  std::vector<Open> open_;
};

// The parser takes some control characters for the end of the file.
std::optional<Mark> find_control_character(std::string_view text) {
  Mark at;
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    const bool allowed = byte == '\t' || byte == '\n' || byte == '\r';
    if ((byte < 0x20 && !allowed) || byte == 0x7f) return at;
    ++at.column;
    if (byte == '\n') at = Mark{at.line + 1, 1};
  }
  return std::nullopt;
}

// The part of a parser's message that does not repeat what the file says.
std::string without_quotation(const std::string& message) {
  return message.substr(0, message.find(':'));
}

// A quotation that is never closed is an error for the parser only if no line end is the last thing
// in it; otherwise the rest of the file would silently become the value.
std::string_view without_last_line_ends(std::string_view yaml) {
  return yaml.substr(0, yaml.find_last_not_of(" \t\r\n") + 1);
}

void build(const std::string& yaml, Tree& tree) {
  std::istringstream stream{yaml};
  YAML::Parser parser{stream};
  Builder builder{tree};
  parser.HandleNextDocument(builder);
  Tree ignored;
  Builder rest{ignored};
  if (parser.HandleNextDocument(rest))
    tree.faults.push_back({ignored.root.at, "a second document begins; a configuration is one"});
  tree.complete = true;
}

} // namespace

Tree parse_tree(std::string_view yaml) {
  Tree tree;
  if (yaml.size() > maximum_file_size) {
    tree.faults.push_back({Mark{}, fmt::format("is larger than {} KiB; no configuration is",
                                               maximum_file_size / 1024)});
    return tree;
  }
  if (const std::optional<Mark> control = find_control_character(yaml)) {
    tree.faults.push_back({*control, "a control character; remove it, and save the file as UTF-8"});
    return tree;
  }
  try {
    build(std::string{without_last_line_ends(yaml)}, tree);
  } catch (const YAML::Exception& error) {
    tree.faults.push_back({mark_of(error.mark), without_quotation(error.msg)});
  } catch (const std::exception&) {
    tree.faults.push_back({Mark{}, "cannot be read as YAML"});
  }
  return tree;
}

} // namespace provisiond::settings
