// Users and groups of this machine, by name or number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sonde/base/error.hpp>

namespace sonde::cli {

/// A value type.
struct user_account {
    std::string name;  ///< the number as text where nobody is known by it
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;  ///< the primary group's
};

/// A name, or a number, which need not be known. The failure is one line.
[[nodiscard]] result<user_account> find_user(std::string_view word);
/// A group's number, by the same rules.
[[nodiscard]] result<std::uint32_t> find_group(std::string_view word);

/// `nobody`, or the number as text.
[[nodiscard]] std::string user_name(std::uint32_t uid);
[[nodiscard]] std::string group_name(std::uint32_t gid);

/// For good: user, primary group, and the supplementary groups that the user is in. Needs CAP_SETUID and CAP_SETGID
/// where that is somebody else. Capabilities are another matter (socket::drop_all_capabilities).
[[nodiscard]] result<void> become(const user_account& user);

}  // namespace sonde::cli
