// One direction of a link: when what is handed to it comes out at the other end, if it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include <sonde/base/time.hpp>
#include <sonde/sim/random_stream.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

/// What happens to one packet.
struct crossing {
    enum class outcome : std::uint8_t { carried, lost, queue_full } what = outcome::carried;
    time_point at{};                      ///< it arrives
    std::optional<time_point> copy_at{};  ///< and once more
    bool reordered = false;               ///< it may overtake
    bool corrupted = false;
};

/// A queue of at most `link_behaviour::queue` packets before a sender of `bandwidth`, then the way. Bounded by that
/// queue.
class link_pipe {
public:
    explicit link_pipe(random_stream random) noexcept : random_(random) {}

    [[nodiscard]] crossing send(time_point now, std::size_t bytes, const link_behaviour& behaviour);

    /// Which bit of so many, for one that is corrupted.
    [[nodiscard]] std::uint64_t draw(std::uint64_t bound) noexcept { return random_.below(bound); }

private:
    [[nodiscard]] std::optional<time_point> sent_at(time_point now, std::size_t bytes, const link_behaviour& behaviour);

    random_stream random_;
    std::deque<time_point> starts_;  // when each that waits begins to be sent
    time_point free_at_ = time_point::min();
    time_point last_arrival_ = time_point::min();
};

}  // namespace sonde::sim
