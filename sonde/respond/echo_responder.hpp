// Answers echo requests, and the ARP and neighbour solicitations that come before them, frame by frame. No I/O, no
// clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/base/prefix.hpp>
#include <sonde/base/time.hpp>

namespace sonde::respond {

/// What is done wrong on purpose, to test those who ask. Probabilities from 0 to 1.
struct echo_faults {
    std::optional<std::uint32_t> truncate = {};  ///< payload bytes that a reply keeps at most
    bool zero_payload = false;
    double corrupt = 0;  ///< one payload byte is changed, the checksum is right over it
    double drop = 0;
    double duplicate = 0;  ///< the reply is sent twice
    duration delay = {};
    duration jitter = {};  ///< the delay is drawn from delay - jitter to delay + jitter, not below 0
    std::optional<ip_address> wrong_source = {};  ///< replies of its family come from there
    std::uint64_t seed = 1;
};

struct echo_responder_options {
    link_type link = link_type::ethernet;  ///< or raw_ip
    mac_address mac = {};                  ///< answers come from it
    /// The interface's own addresses: never taken for an asker.
    std::vector<ip_address> own = {};
    bool answer_own = true;  ///< whether `own` is answered for too
    /// Whole prefixes whose every address exists. Network and broadcast addresses of an IPv4 prefix shorter than /31 do
    /// not.
    std::vector<prefix> prefixes = {};
    /// Directed broadcast addresses of the link: never answered.
    std::vector<ip_address> broadcasts = {};
    /// Whether duplicate address detection (ARP probes, RFC 5227; solicitations from `::`, RFC 4862) of an address in
    /// a prefix is answered: always for a lone address (/32, /128), which is then defended; else only if this is set,
    /// since a prefix would take every address from every newcomer. That of an own address never: the kernel defends
    /// it.
    bool defend_prefixes = false;
    /// Bytes that the interface can send: its MTU and the link header, VLAN tags not counted.
    std::uint32_t largest_frame = 65549;
    std::size_t delayed_limit = 65536;  ///< replies that wait at most; more are dropped and counted
    echo_faults faults = {};
};

/// What became of a frame. One value each, so that every frame is counted exactly once.
enum class disposition : std::uint8_t {
    answered,  ///< an echo reply
    answered_arp,
    answered_neighbour,  ///< a neighbour advertisement
    fault_dropped,       ///< would have been answered
    delayed_overflow,    ///< the same: too many replies wait already
    kernel_reply,        ///< outgoing: the kernel answers echo requests too
    outgoing,            ///< any other frame that leaves this machine
    not_asked,           ///< no echo request, no ARP request, no neighbour solicitation
    not_ours,            ///< for an address that is not answered for
    group_destination,   ///< to a broadcast or multicast address
    group_source,        ///< from a broadcast, multicast, loopback or unspecified address
    own_source,          ///< from ourselves
    address_detection,   ///< duplicate address detection, left to its asker
    source_route,        ///< a route that the asker chose (RFC 7126 section 4.3, RFC 5095)
    fragment,
    truncated,  ///< cut by the capture, or shorter than its lengths say
    malformed,
    bad_checksum,
    too_large,  ///< the reply would not fit the interface
};
inline constexpr std::size_t disposition_count = static_cast<std::size_t>(disposition::too_large) + 1;

/// `answered`, `bad_checksum`, ...: for programs.
[[nodiscard]] std::string_view to_string(disposition d) noexcept;

/// Counters. frames = the sum over all dispositions. replies_made = answered + answered_arp + answered_neighbour +
/// duplicated; replies_made = handed_over + delayed.
struct echo_counts {
    std::uint64_t frames = 0;
    std::array<std::uint64_t, disposition_count> by{};
    std::uint64_t replies_made = 0;
    std::uint64_t handed_over = 0;  ///< given to the caller to send
    std::uint64_t delayed = 0;      ///< waiting now
    std::uint64_t duplicated = 0;   ///< on purpose
    std::uint64_t corrupted = 0;    ///< on purpose, part of answered
    std::uint64_t v4 = 0;           ///< part of answered
    std::uint64_t v6 = 0;           ///< part of answered

    [[nodiscard]] std::uint64_t operator[](disposition d) const noexcept { return by[static_cast<std::size_t>(d)]; }
    [[nodiscard]] bool adds_up() const noexcept;
};

/// What the socket says of a frame.
struct heard {
    bool outgoing = false;             ///< this machine sends it
    bool group = false;                ///< to a broadcast or multicast link address
    bool checksum_unfinished = false;  ///< the sender's machine has left the checksum to a device that it never met
    std::optional<std::uint32_t> tag = {};  ///< a VLAN tag that was taken out of the frame: TPID << 16 | TCI
    std::uint32_t full_size = 0;            ///< more than the frame's bytes where the capture cut it
    /// When it came, for the IPv4 timestamp option. Without it the option gets a time that says it is no UTC.
    std::optional<wall_time> at = {};
};

/// A machine. One thread at a time. Sources: RFC 792, RFC 1122 section 3.2.2.6, RFC 4443 section 4.2, RFC 826, RFC 4861
/// section 7.2.4.
class echo_responder {
public:
    /// By how much a reply is longer than what it answers at most: a VLAN tag, the link address in an advertisement.
    static constexpr std::size_t reply_growth = 12;

    explicit echo_responder(echo_responder_options options);
    echo_responder(echo_responder&&) noexcept;
    echo_responder& operator=(echo_responder&&) noexcept;
    ~echo_responder();

    struct answer {
        disposition what;
        std::size_t size = 0;  ///< bytes of the reply in `out`; 0: nothing to send now
    };
    /// Looks at a frame, and writes the reply to be sent at once to `out`, which does not overlap the frame and has
    /// room for as many bytes as the frame has and `reply_growth` more. A reply has its tag back in the frame. No
    /// allocation without delay and duplicates.
    [[nodiscard]] answer handle_frame(time_point now, const heard& h, bytes_view frame, bytes_span out);

    /// The next reply that was delayed and is due, or the second of a pair; 0: none. `out` has room for
    /// `largest_frame` bytes and its tags (16).
    [[nodiscard]] std::size_t poll_transmit(time_point now, bytes_span out);
    /// When `poll_transmit` has something to say.
    [[nodiscard]] std::optional<time_point> next_deadline() const noexcept;

    /// The interface's addresses have changed.
    void set_own(std::vector<ip_address> own, std::vector<ip_address> broadcasts, const mac_address& mac);

    [[nodiscard]] const echo_counts& counts() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace sonde::respond
