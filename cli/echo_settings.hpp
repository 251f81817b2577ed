// What `sonde echo` was told to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sonde/base/prefix.hpp>
#include <sonde/base/time.hpp>
#include <sonde/respond/echo_responder.hpp>

namespace sonde::cli {

struct echo_settings {
    std::string interface;
    std::vector<prefix> prefixes;  ///< none: the interface's own addresses
    respond::echo_faults faults;
    std::uint64_t count = 0;  ///< 0: no end
    std::optional<duration> deadline;
    bool only = false;
    bool quiet = false;
    bool verbose = false;
    bool json = false;

    [[nodiscard]] bool answers_own() const noexcept { return prefixes.empty(); }
};

/// The settings; or, when all has been said already (help, a complaint), the exit code.
[[nodiscard]] std::variant<echo_settings, int> read_echo_settings(int argc, char** argv);

/// `0.1` or `10%`: from 0 to 1. The error says what is wrong in one line.
[[nodiscard]] result<double> parse_probability(std::string_view text);

struct delay_range {
    duration middle{};
    duration jitter{};
};
/// `100ms`, `100ms±20ms`, `100ms+-20ms`; a bare number is in milliseconds.
[[nodiscard]] result<delay_range> parse_delay(std::string_view text);

/// `10.99.0.0/16`, or a bare address for itself alone.
[[nodiscard]] result<prefix> parse_prefix_or_address(std::string_view text);

}  // namespace sonde::cli
