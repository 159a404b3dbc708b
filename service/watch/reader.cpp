#include "watch/reader.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace provisiond::watch {

namespace {

bool is_gone(const Error& error) {
  return error.code() == ENODEV || error.code() == ENOENT;
}

bool can_handshake(const Reading& reading) {
  const Result<kernel::DeviceIdentity>& identity = *reading.identity;
  return identity && identity->private_key && identity->listen_port != 0;
}

void read_once(kernel::DeviceHandle& handle, Reading& reading) {
  const Question question = reading.order.question;
  reading.identity.reset();
  reading.peers.reset();
  const Result<kernel::WgDevice*> device = handle.get(reading.order.ifindex);
  if (question != Question::peers) {
    reading.identity.emplace(fail(Error{"not asked"}));
    *reading.identity = device ? (*device)->identity() : fail(device.error());
    if (*reading.identity) handle.know_as((*reading.identity)->ifindex);
  }
  if (question == Question::identity) return;
  // A device that cannot handshake is not served, so its peers need not be read.
  if (question == Question::both && !can_handshake(reading)) return;
  reading.peers.emplace(fail(Error{"not asked"}));
  *reading.peers = device ? (*device)->peers() : fail(device.error());
}

const Error* error_of(const Reading& reading) {
  if (reading.identity && !*reading.identity) return &reading.identity->error();
  if (reading.peers && !*reading.peers) return &reading.peers->error();
  return nullptr;
}

} // namespace

Reading read(kernel::DeviceHandle& handle, InterfaceId interface, const Order& order) {
  Reading reading{.interface = interface, .order = order, .begin = Clock::now()};
  const bool was_open = handle.is_open();
  read_once(handle, reading);
  if (const Error* const error = error_of(reading)) {
    const bool may_be_another = was_open && is_gone(*error) && order.question != Question::peers;
    handle.close();
    if (may_be_another) read_once(handle, reading);
  }
  reading.end = Clock::now();
  return reading;
}

Result<std::unique_ptr<Reader>> Reader::start(InterfaceId id, const std::string& interface,
                                              kernel::Backend backend, const Wiring& wiring) {
  std::unique_ptr<Reader> reader{new Reader{id, interface, backend, wiring}};
  try {
    reader->thread_ = std::thread{[r = reader.get(), name = fmt::format("r-{:.13}", interface)] {
      pthread_setname_np(pthread_self(), name.c_str());
      r->run();
    }};
  } catch (const std::system_error& cause) {
    return fail(Error::system("start a device's thread", cause.code().value()));
  }
  return reader;
}

Reader::~Reader() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void Reader::run() {
  while (true) {
    const std::vector<Order> orders = orders_.take(1);
    if (orders.empty()) return; // stopped
    static_cast<void>(readings_.push(read(handle_, id_, orders.front())));
  }
}

} // namespace provisiond::watch
