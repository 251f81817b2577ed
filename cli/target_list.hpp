// The targets of a command, as its user writes them: addresses, prefixes and names, as arguments or in files.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde::cli {

/// One host. Without an address its label is a name yet to be resolved.
struct listed_target {
    std::string label;
    std::optional<ip_address> address;
};

/// What a list can hold: enough for a /10, little enough for memory.
inline constexpr std::size_t target_limit = std::size_t{1} << 22;

/// Appends what `word` stands for: an address, all hosts of a prefix, or a name. The error is one line.
[[nodiscard]] result<void> append_targets(std::vector<listed_target>& targets, std::string_view word);

/// The words of a file (`-` for standard input), `#` begins a comment. The error names file and line.
[[nodiscard]] result<void> append_targets_from(std::vector<listed_target>& targets, const std::string& path);

/// The same from text that was read already; `name` is for the error.
[[nodiscard]] result<void> append_targets_in(std::vector<listed_target>& targets, std::string_view text,
                                             std::string_view name);

}  // namespace sonde::cli
