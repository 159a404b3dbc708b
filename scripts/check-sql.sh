#!/usr/bin/env bash
# Fails on SQL of ours that names a function, a type or a relation without its schema: it could be somebody else's, where a
# role may create functions in a schema that is searched.
#
#   service/**       every function, type, catalogue and table
#   schema/*.sql     the same outside of function bodies, from the file on that hands the schema to its owner; those before
#                    are released, and run under the search_path that db migrate sets. Bodies run under their function's own,
#                    which tests/integration/database/rights.sql checks.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly first_file=10

# Words that PostgreSQL's grammar knows, and that look like a call.
readonly grammar='and|any|all|array|as|by|case|cast|check|coalesce|conflict|default|else|except|exclude|exists|extract|filter'\
'|from|function|greatest|group|gist|having|in|index|insert|intersect|into|join|key|lateral|least|not|nullif|on|only|or|order|over'\
'|partition|primary|references|return|returns|row|select|set|some|table|then|trigger|union|unique|update|using|values|when|where'\
'|while|with|if|elsif|perform|execute|raise'
readonly types='text|bytea|inet|cidr|jsonb|json|timestamptz|regclass|regproc|regprocedure|regtype|regrole|regnamespace|xid8'\
'|pg_snapshot|name|oid|uuid'

# Literals go, so that what they say is no call; two quotes in one are one.
without_literals() { sed -E "s/''//g; s/'[^']*'/''/g; s/--.*$//"; }

complaints() { # reads "FILE:LINE:SQL"
  without_literals | grep -noiE ".*" | sed -E 's/^[0-9]+://' |
    awk -v grammar="^($grammar)\$" -v types="^($types)\$" '
      {
        place = $0; sub(/:[^:]*$/, "", place)
        split($0, part, ":"); where = part[1] ":" part[2]
        text = substr($0, length(where) + 2)
        rest = text
        while (match(rest, /[A-Za-z_.][A-Za-z0-9_.]*[ ]?\(/)) {
          name = substr(rest, RSTART, RLENGTH); before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : ""
          has_blank = name ~ / \($/
          sub(/[ ]?\($/, "", name)
          if (name !~ /\./ && tolower(name) !~ grammar && !has_blank && before != "%")
            print where ": the function " name " has no schema"
          rest = substr(rest, RSTART + RLENGTH)
        }
        rest = text
        while (match(rest, /::[a-z_0-9]+/)) {
          name = substr(rest, RSTART + 2, RLENGTH - 2)
          if (name ~ types && substr(rest, RSTART + RLENGTH, 1) != ".") print where ": the type " name " has no schema"
          rest = substr(rest, RSTART + RLENGTH)
        }
        if (match(text, /(^|[^._a-z])pg_(roles|class|proc|namespace|settings|database|type|depend|attribute|constraint|authid)([^a-z_(]|$)/))
          print where ": a catalogue has no schema"
      }'
}

# The strings of C++ that hold SQL.
from_cpp() {
  grep -rnE '"' service --include='*.cpp' --include='*.hpp' |
    grep -E 'SELECT|INSERT|UPDATE|DELETE|wg_provision\.|pg_catalog|FROM |WHERE |VALUES|CASE|::' |
    grep -E '^service/(lookup|postgres|registry)/' | grep -vE ':[[:space:]]*//|fmt::format|#include|Error\{' |
    sed -E 's/^([^:]+:[0-9]+):[^"]*"(.*)"[^"]*$/\1:\2/; s/"[^"]*"/ /g'
}
# Top level only: between $$ and $$ of a CREATE FUNCTION is a body; a DO block is no function.
from_schema() { # FILE...
  awk '
    FNR == 1 { body = 0; is_function = 0 }
    !body && /CREATE (OR REPLACE )?FUNCTION/ { is_function = 1 }
    {
      line = $0; held = body
      n = gsub(/\$\$/, "", line)
      if (n % 2) body = !body
      if (!(is_function && (held || body))) print FILENAME ":" FNR ":" line
      if (!body && line ~ /;/ ) is_function = 0
    }' "$@" | grep -vE 'CREATE (OR REPLACE )?(FUNCTION|VIEW|TABLE|INDEX|TRIGGER)|(FUNCTION|PROCEDURE) wg_provision'
}

files=()
for file in schema/*.sql; do
  number=${file#schema/}
  ((10#${number%%_*} < first_file)) || files+=("$file")
done
found=$({ from_cpp; from_schema "${files[@]}"; } | complaints)
if [[ -n $found ]]; then
  printf '%s\n' "$found" >&2
  exit 1
fi
echo "check-sql: every name has its schema"
