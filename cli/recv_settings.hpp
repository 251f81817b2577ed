// What `sonde recv` was told to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/prefix.hpp>
#include <sonde/base/time.hpp>
#include <sonde/report/datagram_view.hpp>

namespace sonde::cli {

/// A multicast group that is joined for the time of the run.
struct group_membership {
    ip_address group;
    std::string interface = {};  ///< by which it was joined, once it was
};

struct recv_settings {
    std::uint8_t protocol = 0;
    std::vector<family> families = {};  ///< at least one
    std::vector<std::uint8_t> types = {};
    std::vector<prefix> from = {};
    std::vector<prefix> to = {};
    std::vector<group_membership> groups = {};  ///< each of one of the families
    std::string interface = {};
    std::uint32_t interface_index = 0;  ///< 0: all
    std::uint64_t count = 0;            ///< 0: no end
    std::optional<duration> deadline = {};
    bool bytes = false;
    bool quiet = false;
    bool verbose = false;
    bool json = false;
};

/// The number of a protocol by its name or number. Fails, and says why, for what is none, and for those that no raw
/// socket receives.
[[nodiscard]] result<std::uint8_t> read_protocol(std::string_view word);

/// The families that a protocol is received on: ICMP is IPv4's, ICMPv6 IPv6's, IGMP IPv4's unless asked for, the others
/// both. Fails where the wish makes no sense.
[[nodiscard]] result<std::vector<family>> families_of(std::uint8_t protocol, std::optional<family> wish);

/// The number of a message type: `8`, `echo request`, `echo-request`, or the name that packet descriptions use, `echo`.
[[nodiscard]] result<std::uint8_t> read_message_type(std::uint8_t protocol, std::string_view word);

/// Whether the group can be joined with these families and that interface (index, 0 for any); fails and says why not.
[[nodiscard]] result<void> check_group(const ip_address& group, const std::vector<family>& families,
                                       std::uint32_t interface);

/// What the filters say of a datagram.
enum class recv_verdict : std::uint8_t {
    show,
    other_type,
    other_source,
    other_destination,
    other_interface,
    malformed
};
[[nodiscard]] recv_verdict judge(const recv_settings& settings, const report::datagram_view& view,
                                 std::uint32_t interface);

/// The settings; or, when all has been said already (help, a complaint), the exit code.
[[nodiscard]] std::variant<recv_settings, int> read_recv_settings(int argc, char** argv);

}  // namespace sonde::cli
