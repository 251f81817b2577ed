// Small text files of /proc: what the kernel says about this process and this network namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/error.hpp>

namespace sonde::socket {

/// The whole file, at most 64 KiB. The error names the path.
[[nodiscard]] result<std::string> read_proc_file(const char* path);

/// The unsigned decimal numbers in `text`, which white space separates; empty when anything else is in it.
[[nodiscard]] std::vector<std::uint32_t> parse_numbers(std::string_view text);

/// The one number in a file; nothing when there is no such file, or it holds something else.
[[nodiscard]] std::optional<std::uint32_t> read_number(const char* path);

/// Sets it; the file must be there. Returns 0 or an errno. No allocation: also for a process that has just been forked.
[[nodiscard]] int write_number(const char* path, std::uint32_t number) noexcept;

}  // namespace sonde::socket
