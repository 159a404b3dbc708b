#include "flow/attack_mode.hpp"

#include "base/log.hpp"

#include <string>

namespace provisiond::flow {

namespace {

constexpr Duration judged_each = std::chrono::seconds{1};

} // namespace

void AttackMode::pass(TimePoint now) {
  const Duration length = now - began_;
  if (length < judged_each) return;
  judge(length, now);
  began_ = now;
  last_seen_ = seen_;
  last_refused_ = refused_;
  was_last_loaded_ = was_loaded_;
  seen_ = 0;
  refused_ = 0;
  was_loaded_ = false;
  follow();
}

void AttackMode::judge(Duration length, TimePoint now) {
  const double seconds = std::chrono::duration<double>{length}.count();
  const bool are_many = static_cast<double>(refused_) >= limits_.refused * seconds &&
                        refused_ * 100 >= seen_ * limits_.share;
  const bool is_hot = cookies_ == Cookies::asked_for && (was_loaded_ || are_many);
  const bool is_calm = !was_loaded_ && static_cast<double>(seen_) < limits_.calm * seconds;
  if (!is_hot) hot_since_ = now;
  if (!is_calm) calm_since_ = now;
  if (!is_under_attack_ && now - hot_since_ >= limits_.enter_after)
    is_under_attack_ = true;
  else if (is_under_attack_ && now - calm_since_ >= limits_.leave_after)
    is_under_attack_ = false;
}

bool AttackMode::order(AttackOrder order, TimePoint now) {
  if (order == AttackOrder::on && cookies_ == Cookies::never) return false;
  if (order == order_) return true;
  order_ = order;
  log::info("attack mode ordered", {{"order", std::string{to_string(order)}}});
  pass(now);
  follow();
  return true;
}

void AttackMode::follow() {
  const bool by_order = order_ != AttackOrder::automatic;
  const bool is_to_be_on = by_order ? order_ == AttackOrder::on : is_under_attack_;
  if (is_to_be_on == is_on_) return;
  is_on_ = is_to_be_on;
  metrics_.attack_mode.set(is_on_ ? 1 : 0);
  if (is_on_)
    enter(by_order ? "by order" : was_last_loaded_ ? "load" : "refused senders without a cookie");
  else
    leave(by_order ? "by order" : "calm");
}

void AttackMode::enter(std::string_view why) {
  metrics_.attack_mode_entries.add();
  log::warning("attack mode entered, first contact needs a cookie",
               {{"because", std::string{why}},
                {"without_cookie", std::to_string(last_seen_)},
                {"refused", std::to_string(last_refused_)}});
}

void AttackMode::leave(std::string_view why) {
  log::info("attack mode left",
            {{"because", std::string{why}}, {"without_cookie", std::to_string(last_seen_)}});
}

} // namespace provisiond::flow
