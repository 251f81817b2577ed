// Who may open an ICMP socket: net.ipv4.ping_group_range against this process's groups, and CAP_NET_RAW; and the one
// text that says what is missing and which commands grant it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <sonde/base/error.hpp>

namespace sonde::socket {

/// A range of group ids, both ends included; empty when first > last (the kernel's `1 0`).
struct group_range {
    std::uint32_t first = 1;
    std::uint32_t last = 0;

    [[nodiscard]] bool empty() const noexcept { return first > last; }
    [[nodiscard]] bool contains(gid_t group) const noexcept { return first <= group && group <= last; }
    /// `1 0`, as the sysctl shows it.
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const group_range&, const group_range&) = default;
};

/// Reads the two numbers of the sysctl's text.
[[nodiscard]] std::optional<group_range> parse_group_range(std::string_view text);

/// net.ipv4.ping_group_range of this network namespace, which rules IPv6 too.
[[nodiscard]] result<group_range> ping_group_range();

/// One line of /proc/PID/{uid,gid}_map (user_namespaces(7)): `count` ids from `inside` on are `outside` and on.
struct id_mapping {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 0;

    [[nodiscard]] bool covers(std::uint32_t id) const noexcept { return id >= inside && id - inside < count; }
    friend bool operator==(const id_mapping&, const id_mapping&) = default;
};

[[nodiscard]] std::vector<id_mapping> parse_id_map(std::string_view text);

/// Whether the map is the one of the initial user namespace: every id is itself. A namespace may copy that map, and is
/// then taken for the initial one.
[[nodiscard]] bool is_initial_id_map(const std::vector<id_mapping>& map) noexcept;

/// Whether this process is inside a user namespace; false when /proc does not say.
[[nodiscard]] bool in_user_namespace();

/// The calling process's effective and supplementary groups that its user namespace maps, in ascending order: an
/// unmapped one shows as 65534 and never counts.
[[nodiscard]] std::vector<gid_t> process_groups();

/// The same from its parts.
[[nodiscard]] std::vector<gid_t> mapped_groups(std::vector<gid_t> groups, const std::vector<id_mapping>& map);

[[nodiscard]] bool any_in_range(const std::vector<gid_t>& groups, const group_range& range) noexcept;

/// The widest range that may be written to ping_group_range here: `0 2147483647`, or, in a user namespace, the mapped
/// ids around `group` (the kernel refuses a range with an unmapped end).
[[nodiscard]] group_range widest_group_range(const std::vector<id_mapping>& gid_map, gid_t group) noexcept;

/// All that decides whether an ICMP socket may be opened. A value type, so that the texts can be tested.
struct icmp_permission {
    std::optional<group_range> range;  ///< nothing when the sysctl cannot be read
    std::vector<gid_t> groups;
    bool net_raw = false;  ///< CAP_NET_RAW is permitted
    bool root = false;     ///< effective uid 0: commands need no sudo
    bool user_namespace = false;
    group_range widest{0, 2147483647};
    std::string binary;  ///< real path of the program that wants the socket
};

[[nodiscard]] icmp_permission examine_icmp_permission();

/// Why ICMP datagram sockets are refused: one line. Names the sysctl and the groups.
[[nodiscard]] std::string datagram_refusal(const icmp_permission& facts);

/// The commands, each as a line of its own, that allow ICMP datagram sockets, or CAP_NET_RAW instead.
[[nodiscard]] std::vector<std::string> datagram_grants(const icmp_permission& facts);
[[nodiscard]] std::vector<std::string> net_raw_grants(const icmp_permission& facts);

/// The failure to report when neither an ICMP datagram socket nor a raw socket may be opened (code: EACCES).
[[nodiscard]] failure icmp_permission_failure(const icmp_permission& facts);
[[nodiscard]] failure icmp_permission_failure();

/// `what` was refused with `error_number` (EPERM, EACCES) for want of CAP_NET_RAW: says so, and which commands grant
/// it. Any other error is told as it is.
[[nodiscard]] failure net_raw_failure(std::string what, int error_number);

}  // namespace sonde::socket
