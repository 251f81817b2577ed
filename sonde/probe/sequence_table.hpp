// The 65,536 sequence numbers of one ICMP socket: who holds each, since when, and which may be used again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/indexed_heap.hpp>

namespace sonde::probe {

enum class slot_state : std::uint8_t {
    free,
    in_flight,
    replied,  ///< done; a further answer is a duplicate. Used again when its turn comes, in quarantine if unverified
    expired,  ///< timed out, failed or cancelled; a further answer is late. In quarantine, then used again
};

/// Sequence numbers are handed out in turn, so the one used longest ago comes first. Not thread-safe; no I/O, no clock.
/// 60 bytes per ping in flight (slot 24, flight 32, heap 4), 24 bytes for one that is over; grows to its high-water
/// mark and then allocates nothing.
class sequence_table {
public:
    static constexpr std::uint32_t capacity = 65536;

    /// A ping in flight.
    struct flight {
        time_point deadline;
        std::array<std::byte, 16> target;  ///< mapped form
        std::uint32_t heap_position;
        std::uint16_t sequence;
        std::uint16_t profile;
    };
    static_assert(sizeof(flight) == 32);

    /// What is remembered of a sequence number's latest ping, also after it is over.
    struct slot {
        time_point sent_at;
        std::uint64_t id;
        std::uint32_t epoch;  ///< serial number = epoch * 65536 + sequence
        std::uint32_t state : 2;
        std::uint32_t series : 1;
        std::uint32_t stamps : 2;      ///< how many timestamps of the kernel's are in `sent_at`
        std::uint32_t unverified : 1;  ///< its answers carry no token
        std::uint32_t answered : 1;    ///< in flight still, for the duplicates
        std::uint32_t value : 25;      ///< in flight: index of the flight; expired: tick at which quarantine ends

        [[nodiscard]] slot_state phase() const noexcept { return static_cast<slot_state>(state); }
    };
    static_assert(sizeof(slot) == 24);
    static_assert(sizeof(slot) + sizeof(flight) + sizeof(std::uint32_t) <= 64, "at most 64 bytes per ping in flight");

    struct request {
        std::uint64_t id = 0;
        bool series = false;
        ip_address target;
        time_point deadline{};
        std::uint16_t profile = 0;
    };

    /// Takes the next sequence number that is free, or nothing when none is before `available_at()`.
    [[nodiscard]] std::optional<std::uint16_t> start(time_point now, const request& r);

    /// The ping that holds `sequence` is over. `quarantine_until` keeps the number from being used again before then.
    void finish(std::uint16_t sequence, slot_state how, time_point quarantine_until);

    /// Nullptr where no ping ever was.
    [[nodiscard]] slot* find(std::uint16_t sequence) noexcept;
    /// The flight of a slot that is in flight.
    [[nodiscard]] flight& flight_of(const slot& s) noexcept { return flights_[s.value]; }
    void set_deadline(flight& f, time_point deadline);

    [[nodiscard]] static std::uint64_t serial(const slot& s, std::uint16_t sequence) noexcept {
        return (std::uint64_t{s.epoch} << 16) | sequence;
    }

    [[nodiscard]] std::size_t in_flight() const noexcept { return deadlines_.size(); }
    /// The flight with the earliest deadline, or nullptr.
    [[nodiscard]] const flight* earliest() const noexcept {
        return deadlines_.empty() ? nullptr : &flights_[deadlines_.top()];
    }
    /// When `start` is worth another try after it gave nothing. A finished ping may make it earlier.
    [[nodiscard]] time_point available_at() const noexcept {
        return in_flight() == capacity ? time_point::max() : available_at_;
    }
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    struct by_deadline {
        static time_point key(const std::vector<flight>& f, std::uint32_t i) noexcept { return f[i].deadline; }
        static std::uint32_t& position(std::vector<flight>& f, std::uint32_t i) noexcept { return f[i].heap_position; }
    };

    [[nodiscard]] bool usable(const slot& s, time_point now) const noexcept;
    [[nodiscard]] std::uint32_t take_flight();

    std::vector<slot> slots_;  // indexed by sequence number; grows as the numbers are first used
    std::vector<flight> flights_;
    indexed_heap<std::vector<flight>, by_deadline> deadlines_;
    std::uint64_t next_serial_ = 1;  // ping's first sequence number is 1
    std::uint32_t first_free_flight_ = indexed_heap<std::vector<flight>, by_deadline>::nowhere;
    time_point available_at_ = time_point::min();
};

}  // namespace sonde::probe
