// TCP sequence numbers counted from the first one of their connection, as tcpdump shows them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <sonde/base/bytes.hpp>

namespace sonde::report {

/// Remembers up to `capacity` connections; where more meet in one place of the table, the one seen longest ago is
/// forgotten, and counts from its next packet on. Not thread-safe.
class tcp_sequences {
public:
    static constexpr std::size_t capacity = 16384;

    struct segment {
        bytes_view source;  ///< 4 or 16 bytes
        bytes_view destination;
        std::uint16_t source_port = 0;
        std::uint16_t destination_port = 0;
        std::uint32_t sequence = 0;
        std::uint32_t acknowledgment = 0;
        bool syn = false;
    };

    struct relative {
        std::uint32_t sequence = 0;
        std::uint32_t acknowledgment = 0;
        std::uint32_t acknowledged_from = 0;  ///< what a SACK block's edges are counted from
    };

    /// For a segment with the ACK flag: one without has nothing to count from, and is shown as it is. The first one of
    /// a connection, and one that opens it anew, is the reference, and returned as it is.
    [[nodiscard]] relative relate(const segment& s);

    /// Connections that were forgotten for want of room.
    [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }

private:
    static constexpr std::size_t ways = 4;

    struct key {
        std::array<std::uint64_t, 4> addresses{};  // of the end with the lower port (or address) first
        std::uint32_t ports = 0;
        bool v6 = false;
        friend bool operator==(const key&, const key&) noexcept = default;
    };
    struct connection {
        key ends;
        std::uint32_t sequence = 0;  // of the first end, before its first byte
        std::uint32_t acknowledgment = 0;
        std::uint64_t used = 0;  // 0: free
    };

    std::vector<connection> table_;  // empty until there is a connection to remember
    std::uint64_t clock_ = 0;
    std::uint64_t forgotten_ = 0;
};

}  // namespace sonde::report
