#pragma once

#include <libpq-fe.h>
#include <pqxx/pqxx>

#include <memory>
#include <string>
#include <utility>

namespace provisiond::postgres {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using LibpqConnection = std::unique_ptr<PGconn, FinishConnection>;

// libpqxx's connection, made from one of libpq that is open already: libpqxx itself opens none in a
// way that can be interrupted. Version 6 opens a lost connection again by itself, and what belonged
// to it, such as its LISTEN, is gone without a word; here it never does, as in version 7.
#if PQXX_VERSION_MAJOR < 7

class Adopt : public pqxx::connectionpolicy {
 public:
  explicit Adopt(LibpqConnection open)
      : pqxx::connectionpolicy{std::string{}}, open_{std::move(open)} {}
  handle do_startconnect(handle current) override {
    return current == nullptr ? open_.release() : current;
  }

 private:
  LibpqConnection open_;
};

class RawConnection final : public pqxx::connection_base {
 public:
  explicit RawConnection(LibpqConnection open)
      : pqxx::connection_base{policy_}, policy_{std::move(open)} {
    init();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    inhibit_reactivation(true);
#pragma GCC diagnostic pop
  }
  ~RawConnection() {
    close();
  }

 private:
  Adopt policy_;
};

#else

using RawConnection = pqxx::connection;

#endif

std::unique_ptr<RawConnection> adopt(LibpqConnection open);

} // namespace provisiond::postgres
