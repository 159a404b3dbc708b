#include "settings/node.hpp"

namespace provisiond::settings {

const Node* Node::find(std::string_view wanted) const {
  if (kind != Kind::map) return nullptr;
  for (const Node& child : children)
    if (child.key == wanted) return &child;
  return nullptr;
}

Mark Node::place() const {
  return kind == Kind::null && !key.empty() ? key_at : at;
}

} // namespace provisiond::settings
