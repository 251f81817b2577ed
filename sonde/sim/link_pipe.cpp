#include <algorithm>
#include <cmath>

#include <sonde/sim/link_pipe.hpp>

namespace sonde::sim {

namespace {

constexpr double nanoseconds_a_second = 1e9;
/// However slow a link is, one packet takes no longer, and whoever would wait longer finds the queue full: more would
/// not fit into a time.
constexpr double longest_sending = 1e17;
constexpr duration longest_wait{static_cast<duration::rep>(1e18)};

}  // namespace

/// When the last bit has left; nothing when the queue is full.
std::optional<time_point> link_pipe::sent_at(time_point now, std::size_t bytes, const link_behaviour& behaviour) {
    if (behaviour.bandwidth <= 0) return now;
    while (!starts_.empty() && starts_.front() <= now) starts_.pop_front();
    const time_point start = std::max(now, free_at_);
    if (start > now) {
        if (starts_.size() >= behaviour.queue || start - now > longest_wait) return std::nullopt;
        starts_.push_back(start);
    }
    const double takes = static_cast<double>(bytes) * 8 * nanoseconds_a_second / behaviour.bandwidth;
    free_at_ = start + duration{std::llround(std::min(takes, longest_sending))};
    return free_at_;
}

crossing link_pipe::send(time_point now, std::size_t bytes, const link_behaviour& behaviour) {
    const auto sent = sent_at(now, bytes, behaviour);
    if (!sent) return {.what = crossing::outcome::queue_full};
    // What is lost has used the bandwidth.
    if (random_.happens(behaviour.loss)) return {.what = crossing::outcome::lost};
    crossing c{.reordered = random_.happens(behaviour.reorder), .corrupted = random_.happens(behaviour.corrupt)};
    if (c.reordered) {
        c.at = *sent + behaviour.delay;
    } else {
        c.at = last_arrival_ = std::max(last_arrival_, *sent + random_.from(behaviour.delay, behaviour.jitter));
    }
    if (random_.happens(behaviour.duplicate)) {
        c.copy_at = last_arrival_ = std::max(last_arrival_, *sent + random_.from(behaviour.delay, behaviour.jitter));
    }
    return c;
}

}  // namespace sonde::sim
