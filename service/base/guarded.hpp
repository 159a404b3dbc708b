#pragma once

#include <mutex>
#include <utility>

namespace provisiond {

// The lock wraps the data: the only way to the value is through a held lock.
//
//   Guarded<std::map<K, V>> table;
//   table.with([&](std::map<K, V>& map) { map.emplace(k, v); });
template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_{std::forward<Args>(args)...} {}

  template <class Function>
  decltype(auto) with(Function&& function) {
    const std::lock_guard lock{mutex_};
    return std::forward<Function>(function)(value_);
  }
  template <class Function>
  decltype(auto) with(Function&& function) const {
    const std::lock_guard lock{mutex_};
    return std::forward<Function>(function)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

} // namespace provisiond
