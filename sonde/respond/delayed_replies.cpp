#include <algorithm>
#include <tuple>

#include <sonde/respond/delayed_replies.hpp>

namespace sonde::respond {

bool delayed_replies::later(const entry& a, const entry& b) noexcept {
    return std::tie(b.due, b.number) < std::tie(a.due, a.number);
}

bool delayed_replies::push(time_point due, bytes_view frame) {
    if (waiting_.size() >= limit_) return false;
    waiting_.push_back({due, next_number_++, {frame.begin(), frame.end()}});
    std::ranges::push_heap(waiting_, later);
    return true;
}

std::size_t delayed_replies::pop(time_point now, bytes_span out) {
    if (waiting_.empty() || waiting_.front().due > now) return 0;
    std::ranges::pop_heap(waiting_, later);
    const std::size_t size = waiting_.back().frame.size();
    std::ranges::copy(waiting_.back().frame, out.begin());
    waiting_.pop_back();
    return size;
}

std::optional<time_point> delayed_replies::next() const noexcept {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.front().due;
}

}  // namespace sonde::respond
