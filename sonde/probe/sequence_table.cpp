#include <algorithm>

#include <sonde/probe/sequence_table.hpp>

namespace sonde::probe {

namespace {

// Quarantine ends are kept in 25 bits of 64 ms ticks, compared modulo 2^25 (24 days), rounded up so that none ends
// early.
constexpr duration tick = std::chrono::milliseconds{64};
constexpr std::uint32_t tick_mask = (1U << 25) - 1;

std::uint32_t tick_of(time_point t) noexcept {
    return static_cast<std::uint32_t>(t.time_since_epoch() / tick) & tick_mask;
}
std::uint32_t ticks_until(std::uint32_t end, time_point now) noexcept {
    return (end - tick_of(now)) & tick_mask;
}
bool over(std::uint32_t remaining) noexcept {
    return remaining == 0 || remaining > tick_mask / 2;
}

}  // namespace

bool sequence_table::usable(const slot& s, time_point now) const noexcept {
    switch (s.phase()) {
        case slot_state::free:
            return true;
        case slot_state::in_flight:
            return false;
        case slot_state::replied:
            // A further answer carries a token that no newer ping has, unless the payload has no room for one.
            if (s.unverified == 0) return true;
            [[fallthrough]];
        case slot_state::expired:
            return over(ticks_until(s.value, now));
    }
    return false;
}

std::optional<std::uint16_t> sequence_table::start(time_point now, const request& r) {
    if (now < available_at_ || in_flight() == capacity) return std::nullopt;

    std::uint32_t soonest = tick_mask;
    for (std::uint32_t tried = 0; tried < capacity; ++tried, ++next_serial_) {
        const auto sequence = static_cast<std::uint16_t>(next_serial_);
        // Address space for all, once: pages become memory when they are first written to, and growing never copies.
        if (slots_.empty()) slots_.reserve(capacity);
        if (sequence >= slots_.size()) slots_.resize(std::size_t{sequence} + 1);
        slot& s = slots_[sequence];
        if (!usable(s, now)) {
            if (s.phase() != slot_state::in_flight) soonest = std::min(soonest, ticks_until(s.value, now));
            continue;
        }
        const std::uint32_t index = take_flight();
        flights_[index] = {.deadline = r.deadline,
                           .target = r.target.mapped_bytes(),
                           .heap_position = 0,
                           .sequence = sequence,
                           .profile = r.profile};
        s.sent_at = now;
        s.id = r.id;
        s.epoch = static_cast<std::uint32_t>(next_serial_ >> 16);
        s.state = static_cast<std::uint32_t>(slot_state::in_flight);
        s.series = r.series ? 1 : 0;
        s.stamps = 0;
        s.unverified = 0;
        s.answered = 0;
        s.value = index & tick_mask;
        deadlines_.push(flights_, index);
        ++next_serial_;
        return sequence;
    }
    available_at_ = soonest == tick_mask ? time_point::max() : now + soonest * tick;
    return std::nullopt;
}

void sequence_table::finish(std::uint16_t sequence, slot_state how, time_point quarantine_until) {
    slot& s = slots_[sequence];
    const std::uint32_t index = s.value;
    deadlines_.remove(flights_, index);
    flights_[index].heap_position = first_free_flight_;
    first_free_flight_ = index;
    s.state = static_cast<std::uint32_t>(how) & 3U;
    s.value = (tick_of(quarantine_until) + 1) & tick_mask;
    available_at_ = std::min(available_at_, quarantine_until + 2 * tick);
    if (usable(s, quarantine_until)) available_at_ = time_point::min();
}

sequence_table::slot* sequence_table::find(std::uint16_t sequence) noexcept {
    if (sequence >= slots_.size() || slots_[sequence].phase() == slot_state::free) return nullptr;
    return &slots_[sequence];
}

void sequence_table::set_deadline(flight& f, time_point deadline) {
    f.deadline = deadline;
    deadlines_.update(flights_, static_cast<std::uint32_t>(&f - flights_.data()));
}

std::uint32_t sequence_table::take_flight() {
    if (first_free_flight_ == decltype(deadlines_)::nowhere) {
        flights_.emplace_back();
        return static_cast<std::uint32_t>(flights_.size() - 1);
    }
    const std::uint32_t index = first_free_flight_;
    first_free_flight_ = flights_[index].heap_position;
    return index;
}

std::size_t sequence_table::bytes() const noexcept {
    return slots_.size() * sizeof(slot) + flights_.capacity() * (sizeof(flight) + sizeof(std::uint32_t));
}

}  // namespace sonde::probe
