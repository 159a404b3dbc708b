#include "postgres/raw_connection.hpp"

namespace provisiond::postgres {

std::unique_ptr<RawConnection> adopt(LibpqConnection open) {
#if PQXX_VERSION_MAJOR < 7
  return std::make_unique<RawConnection>(std::move(open));
#else
  return std::make_unique<RawConnection>(RawConnection::seize_raw_connection(open.release()));
#endif
}

} // namespace provisiond::postgres
