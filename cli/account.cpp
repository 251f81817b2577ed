#include <cerrno>
#include <charconv>
#include <grp.h>
#include <limits>
#include <optional>
#include <pwd.h>
#include <unistd.h>

#include <cli/account.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>

namespace sonde::cli {

namespace {

/// (uid_t)-1 stands for "none" in the kernel's calls.
std::optional<std::uint32_t> parse_id(std::string_view word) noexcept {
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    if (id == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return id;
}

failure unknown(std::string_view what, std::string_view word) {
    return {fmt::format("there is no {} '{}' on this machine", what, report::escape_text(word)),
            {},
            std::make_error_code(std::errc::invalid_argument)};
}

}  // namespace

result<user_account> find_user(std::string_view word) {
    const passwd* known = ::getpwnam(std::string(word).c_str());
    const auto id = parse_id(word);
    if (known == nullptr && id) known = ::getpwuid(*id);
    if (known != nullptr) return user_account{known->pw_name, known->pw_uid, known->pw_gid};
    if (!id) return unknown("user", word);
    return user_account{std::string(word), *id, *id};
}

result<std::uint32_t> find_group(std::string_view word) {
    if (const group* known = ::getgrnam(std::string(word).c_str()); known != nullptr) return known->gr_gid;
    if (const auto id = parse_id(word)) return *id;
    return unknown("group", word);
}

std::string user_name(std::uint32_t uid) {
    const passwd* known = ::getpwuid(uid);
    return known != nullptr ? report::escape_text(known->pw_name) : fmt::to_string(uid);
}

std::string group_name(std::uint32_t gid) {
    const group* known = ::getgrgid(gid);
    return known != nullptr ? report::escape_text(known->gr_name) : fmt::to_string(gid);
}

result<void> become(const user_account& user) {
    if (::getuid() == user.uid && ::geteuid() == user.uid && ::getgid() == user.gid) return {};
    const auto failed = [&](const char* step) {
        return system_failure(fmt::format("cannot become user {} ({})", report::escape_text(user.name), step), errno,
                              "Only root can become somebody else.");
    };
    if (::initgroups(user.name.c_str(), user.gid) != 0) return failed("initgroups");
    if (::setresgid(user.gid, user.gid, user.gid) != 0) return failed("setresgid");
    if (::setresuid(user.uid, user.uid, user.uid) != 0) return failed("setresuid");
    return {};
}

}  // namespace sonde::cli
