// What `sonde send` was told to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/dialect.hpp>
#include <sonde/socket/interface.hpp>

namespace sonde::cli {

/// Through what a packet leaves.
enum class door : std::uint8_t {
    link,       ///< a packet socket: everything is the user's
    network,    ///< a raw socket with IP_HDRINCL
    transport,  ///< a raw socket of one protocol: the kernel writes the IP header
};

[[nodiscard]] std::string_view to_string(door through) noexcept;

/// What the positional argument or its replacements are.
enum class input_kind : std::uint8_t { words, hex, file };

struct send_settings {
    input_kind kind = input_kind::words;
    std::string input;  ///< the words, the digits, or the path (`-` for standard input)
    std::optional<door> through;
    std::optional<socket::network_interface> interface;
    std::optional<ip_address> destination;  ///< --dst
    std::optional<std::uint8_t> protocol;   ///< --protocol
    std::optional<socket::dialect> dialect;
    std::uint64_t count = 1;
    std::optional<duration> interval;
    std::optional<std::uint64_t> rate;
    std::optional<duration> wait;
    bool explain = false;
    bool dry_run = false;
    bool json = false;
    bool quiet = false;

    /// Between two packets: --rate, --interval, or a second between repetitions of one packet.
    [[nodiscard]] duration gap() const;
};

/// The settings; or, when all has been said already (help, --layers, a complaint), the exit code.
[[nodiscard]] std::variant<send_settings, int> read_send_settings(int argc, char** argv);

}  // namespace sonde::cli
