// How fast a hop may be asked, and when its silence is believed: a router that limits its answers, packets that get
// lost and a router that never answers look alike, until others are asked in between.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sonde/base/time.hpp>

namespace sonde::probe {

/// Of one hop. What was not answered is asked again in batches, with controls in between: flows that the hop did answer
/// before. If two thirds of a batch's controls are answered, the batch was fair: what it left unanswered says
/// something. If not, the hop limits its answers: it is asked more slowly. A value type; not thread-safe.
class hop_pace {
public:
    /// The last gap is what Linux grants one asker (icmp_ratelimit, 1 s).
    static constexpr duration first_gap = std::chrono::milliseconds{10};
    static constexpr duration last_gap = std::chrono::milliseconds{1100};

    /// Between two probes; zero until something was not answered.
    [[nodiscard]] duration gap() const noexcept { return gap_; }

    void control_sent() noexcept { ++batch_; }
    void control_answered() noexcept { ++batch_answered_; }

    /// The batch is over: whether it was fair. If not, the gap grows.
    [[nodiscard]] bool judge() noexcept;

    /// For a batch of so many flows.
    [[nodiscard]] std::size_t controls_wanted(std::size_t flows) const noexcept;

    /// In how many fair batches a flow must be unanswered until that is silence: so many that loss alone, as the
    /// controls suffer it, does that to one of `flows` with a probability of at most `risk`. Fewer where a silent
    /// router is known to be.
    [[nodiscard]] unsigned batches_needed(double risk, std::size_t flows, bool silence_known) const noexcept;

private:
    duration gap_{};
    std::uint32_t batch_ = 0;
    std::uint32_t batch_answered_ = 0;
    std::uint32_t controls_ = 0;  // of all fair batches
    std::uint32_t controls_lost_ = 0;
};

}  // namespace sonde::probe
