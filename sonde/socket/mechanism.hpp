// What sonde can use on this machine, found out by trying: every socket is opened, every loopback echo is really sent.
// Nothing leaves the machine, nothing stays behind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/socket/loopback_echo.hpp>

namespace sonde::socket {

enum class verdict : std::uint8_t {
    works,
    limited,  ///< some of it, or it could not be proved; `why` says what
    fails,
};

/// `works`, `limited` or `not`.
[[nodiscard]] std::string_view to_string(verdict v) noexcept;

/// One examination. A value type.
struct mechanism {
    std::string_view name;   ///< stable, for programs: `icmp-datagram-v4`
    std::string_view title;  ///< for people: `ICMP datagram IPv4`
    verdict found = verdict::fails;
    std::string why = {};                 ///< what was seen, one line
    std::string cost = {};                ///< what using it costs, one phrase
    std::vector<std::string> grant = {};  ///< commands that grant or improve it, each on its own; none when it works
    std::vector<std::string_view> needed_by = {};  ///< subcommands of the design, there already or not
};

/// Everything, in the order in which to read it. Takes two seconds at most, milliseconds where echoes are answered.
/// Forks one child to try a user namespace. One thread at a time.
[[nodiscard]] std::vector<mechanism> examine_mechanisms();

/// Each alone; `echo` is what became of that kind's loopback echo.
[[nodiscard]] mechanism examine_icmp(family version, icmp_socket_kind kind, const loopback_echo& echo);
[[nodiscard]] mechanism examine_packet_socket();
/// ICMP errors about UDP datagrams: one to a closed port of loopback is really sent.
[[nodiscard]] mechanism examine_udp_errors(family version);
[[nodiscard]] mechanism examine_tcp_raw();
[[nodiscard]] mechanism examine_tun_tap();
[[nodiscard]] mechanism examine_timestamps(const loopback_echoes& echoes);
[[nodiscard]] mechanism examine_receive_buffer(const loopback_echoes& echoes);
[[nodiscard]] mechanism examine_ping_group_range();
[[nodiscard]] mechanism examine_process_capabilities();
[[nodiscard]] mechanism examine_file_capabilities();
[[nodiscard]] mechanism examine_user_namespace();

/// Through which mechanism (its `name`) a ping can go, per family; nothing where none works.
struct ping_paths {
    std::optional<std::string_view> v4;
    std::optional<std::string_view> v6;

    [[nodiscard]] bool any() const noexcept { return v4 || v6; }
};

/// ICMP datagram sockets first, raw sockets else: the order in which `sonde ping` tries them.
[[nodiscard]] ping_paths find_ping_paths(const std::vector<mechanism>& found) noexcept;

}  // namespace sonde::socket
