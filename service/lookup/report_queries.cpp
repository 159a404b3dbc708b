#include "lookup/report_queries.hpp"

#include "lookup/parameters.hpp"
#include "lookup/sql.hpp"
#include "postgres/array_literal.hpp"
#include "postgres/pqxx_calls.hpp"

namespace provisiond::lookup {
namespace {

using postgres::exec_params;

std::string network_of(InterfaceId interface, std::span<const std::string> networks) {
  return interface.value < networks.size() ? networks[interface.value] : "";
}

} // namespace

Status record(postgres::Connection& connection, std::span<const RefusedKey> keys,
              std::span<const std::string> networks, const std::string& gateway) {
  const SightingArrays arrays = sighting_arrays(keys, networks);
  return connection.ask("record refused keys", [&](pqxx::nontransaction& query) -> Status {
    exec_params(query, sql::record_sightings, gateway, arrays.networks, arrays.keys, arrays.reasons,
                arrays.addresses, arrays.ports);
    return {};
  });
}

Status record(postgres::Connection& connection, const InterfaceReport& report,
              std::span<const std::string> networks, const Gateway& gateway) {
  const ActivityArrays active = activity_arrays(report.active);
  return connection.ask("report an interface", [&](pqxx::nontransaction& query) -> Status {
    exec_params(query, sql::report_interface, gateway.name, gateway.version, report.name,
                network_of(report.interface, networks), report.key.to_string(),
                std::to_string(report.peers), active.keys, active.addresses, active.ports,
                active.handshakes_us, active.received_bytes, active.sent_bytes, report.position);
    return {};
  });
}

Result<std::vector<PublicKey>> own_sessions(postgres::Connection& connection,
                                            std::span<const SessionOwnership> ownerships,
                                            std::span<const std::string> networks,
                                            const Gateway& gateway) {
  using Keys = std::vector<PublicKey>;
  const char* const run = gateway.run.empty() ? nullptr : gateway.run.c_str();
  return connection.ask(
      "write who owns sessions", [&](pqxx::nontransaction& query) -> Result<Keys> {
        Keys busy;
        for (const OwnershipArrays& one : ownership_arrays(ownerships)) {
          const pqxx::result keys = exec_params(query, sql::own_sessions, gateway.name, one.name,
                                                network_of(one.interface, networks), one.keys,
                                                one.initiations, one.handshakes_us, run);
          for (const pqxx::row& row : keys) {
            PublicKey key;
            if (!row[0].is_null() && postgres::read_hex(row[0].c_str(), key.bytes))
              busy.push_back(key);
          }
        }
        return busy;
      });
}

Result<Presence> report(postgres::Connection& connection, const Gateway& gateway, Stay stay) {
  return connection.ask("report the gateway", [&](pqxx::nontransaction& query) -> Result<Presence> {
    Presence presence;
    for (const pqxx::row& row :
         exec_params(query, sql::report_gateway, gateway.name, gateway.version, gateway.run,
                     gateway.machine, gateway.host, stay == Stay::ends ? "true" : "false")) {
      presence.others.push_back(row[0].as<std::string>());
      presence.is_refused = presence.is_refused || row[1].as<bool>();
    }
    return presence;
  });
}

} // namespace provisiond::lookup
