#pragma once

#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/registry.hpp"

#include <pqxx/pqxx>

#include <optional>
#include <string>
#include <vector>

namespace provisiond::registry {

// For the files of this folder that read and write rows. All of it throws what pqxx throws.

using postgres::exec_params;
using postgres::in_transaction;
using postgres::in_transaction_once;

// For a parameter: NULL when there is no text.
inline const char* or_null(const std::optional<std::string>& text) {
  return text ? text->c_str() : nullptr;
}

inline std::optional<std::string> number_text(const std::optional<int>& number) {
  if (!number) return std::nullopt;
  return std::to_string(*number);
}

template <class Value>
std::optional<Value> value_or_none(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<Value>();
}

inline std::optional<std::string> text_or_none(const pqxx::field& field) {
  return value_or_none<std::string>(field);
}

// Of a list with blanks; none of NULL.
std::vector<std::string> words_of(const pqxx::field& field);

// Whether this role may read a table or view of the schema.
bool may_read(pqxx::work& work, const char* relation);

// ENOENT when there is none. A role that may not read the table is believed.
Status expect_network(pqxx::work& work, const std::optional<std::string>& network);

// ENOENT when the key is no peer, or none of `network`.
Result<PeerRow> peer_with_key(pqxx::work& work, const PublicKey& key,
                              const std::optional<std::string>& network);

} // namespace provisiond::registry
