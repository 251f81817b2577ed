// Everything adds up: what became of each ping that was asked for and of each frame that came in.
#pragma once

#include <cstdint>

namespace sonde::stats {

/// Counters of one prober. A value type: a copy is a snapshot.
struct accounting {
    // Pings. scheduled = sent + send_failed + skipped.
    std::uint64_t scheduled = 0;
    std::uint64_t sent = 0;
    std::uint64_t send_failed = 0;  ///< the send call failed; `local_drop` of them on a full queue of this machine
    std::uint64_t local_drop = 0;   ///< part of send_failed
    std::uint64_t skipped = 0;      ///< due, but never tried: fell behind, cancelled or closed before the send

    // sent = replied + icmp_error + timed_out + cancelled + pending.
    std::uint64_t replied = 0;
    std::uint64_t icmp_error = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t uncertain = 0;  ///< part of timed_out: the kernel dropped something of ours meanwhile
    std::uint64_t cancelled = 0;
    std::uint64_t pending = 0;

    // Frames: datagrams and error-queue messages. frames = matched + duplicate + late + rejected() + not_ours.
    std::uint64_t frames = 0;
    std::uint64_t matched = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t late = 0;
    std::uint64_t not_ours = 0;
    std::uint64_t rejected_malformed = 0;
    std::uint64_t rejected_checksum = 0;
    std::uint64_t rejected_source = 0;  ///< the right token or sequence from an address that was not asked
    std::uint64_t rejected_token = 0;   ///< the right sequence, without the token that proves it ours

    std::uint64_t corrupt = 0;       ///< part of matched and duplicate: payload bytes differ from what was sent
    std::uint64_t truncated = 0;     ///< part of matched and duplicate: shorter than what was sent
    std::uint64_t kernel_drops = 0;  ///< frames that the kernel dropped on our sockets

    [[nodiscard]] std::uint64_t rejected() const noexcept {
        return rejected_malformed + rejected_checksum + rejected_source + rejected_token;
    }

    /// Whether the three sums hold.
    [[nodiscard]] bool adds_up() const noexcept {
        return scheduled == sent + send_failed + skipped &&
               sent == replied + icmp_error + timed_out + cancelled + pending &&
               frames == matched + duplicate + late + rejected() + not_ours && local_drop <= send_failed &&
               uncertain <= timed_out;
    }

    friend bool operator==(const accounting&, const accounting&) = default;
};

}  // namespace sonde::stats
