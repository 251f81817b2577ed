#include <cerrno>
#include <climits>
#include <memory>
#include <string>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <sonde/socket/privilege.hpp>

namespace sonde::socket {

static_assert(static_cast<int>(capability::net_admin) == CAP_NET_ADMIN);
static_assert(static_cast<int>(capability::net_raw) == CAP_NET_RAW);

namespace {

struct cap_release {
    void operator()(void* memory) const noexcept { ::cap_free(memory); }
};
using cap_state = std::unique_ptr<std::remove_pointer_t<cap_t>, cap_release>;

std::uint64_t bit(capability wanted) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(wanted);
}

std::uint64_t flags(cap_t state, cap_flag_t which) {
    std::uint64_t bits = 0;
    for (int number = 0; number < static_cast<int>(cap_max_bits()) && number < 64; ++number) {
        cap_flag_value_t value = CAP_CLEAR;
        if (::cap_get_flag(state, number, which, &value) == 0 && value == CAP_SET) bits |= std::uint64_t{1} << number;
    }
    return bits;
}

std::uint64_t ambient_set() {
    std::uint64_t bits = 0;
    for (int number = 0; number < static_cast<int>(cap_max_bits()) && number < 64; ++number) {
        if (::cap_get_ambient(number) == 1) bits |= std::uint64_t{1} << number;
    }
    return bits;
}

bool set_effective(capability wanted, cap_flag_value_t value) noexcept {
    const cap_state state(::cap_get_proc());
    const cap_value_t number = static_cast<int>(wanted);
    return state && ::cap_set_flag(state.get(), CAP_EFFECTIVE, 1, &number, value) == 0 &&
           ::cap_set_proc(state.get()) == 0;
}

}  // namespace

std::string_view to_string(capability wanted) noexcept {
    return wanted == capability::net_raw ? "cap_net_raw" : "cap_net_admin";
}

bool capability_sets::is_effective(capability wanted) const noexcept {
    return (effective & bit(wanted)) != 0;
}
bool capability_sets::is_permitted(capability wanted) const noexcept {
    return (permitted & bit(wanted)) != 0;
}

result<capability_sets> process_capabilities() {
    const cap_state state(::cap_get_proc());
    if (!state) return system_failure("cannot read this process's capabilities", errno);
    return capability_sets{flags(state.get(), CAP_EFFECTIVE), flags(state.get(), CAP_PERMITTED),
                           flags(state.get(), CAP_INHERITABLE), ambient_set()};
}

result<std::string> file_capabilities(const std::string& path) {
    const cap_state state(::cap_get_file(path.c_str()));
    if (!state) {
        if (errno == ENODATA) return result<std::string>(boost::system::in_place_value);
        return system_failure(fmt::format("cannot read the capabilities of {}", shell_word(path)), errno);
    }
    const std::unique_ptr<char, cap_release> text(::cap_to_text(state.get(), nullptr));
    if (!text) return system_failure("cannot format file capabilities", errno);
    const std::string_view words(text.get());
    return result<std::string>(boost::system::in_place_value, words == "=" ? std::string_view{} : words);
}

std::string binary_path() {
    char path[PATH_MAX];
    const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
    if (length <= 0) return "/path/to/sonde";
    std::string_view real(path, static_cast<std::size_t>(length));
    // A binary that was rebuilt while it runs: the new one lies under the name without the kernel's mark.
    constexpr std::string_view deleted = " (deleted)";
    if (real.ends_with(deleted)) real.remove_suffix(deleted.size());
    return std::string(real);
}

std::string shell_word(std::string_view path) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%=";
    if (!path.empty() && path.find_first_not_of(plain) == std::string_view::npos) return std::string(path);
    std::string word = "$'";
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\'' || c == '\\') {
            word += {'\\', c};
        } else if (byte < 0x20 || byte >= 0x7f) {
            word += fmt::format("\\x{:02x}", byte);
        } else {
            word += c;
        }
    }
    return word + '\'';
}

std::string_view sudo_prefix() noexcept {
    return ::geteuid() == 0 ? "" : "sudo ";
}

std::string capability_refusal(capability wanted) {
    const auto caps = process_capabilities();
    const std::string_view name = wanted == capability::net_raw ? "CAP_NET_RAW" : "CAP_NET_ADMIN";
    if (caps && caps->is_permitted(wanted)) {
        return fmt::format(
            "refused, although this process has {}: a seccomp filter, a security module, or a network "
            "namespace of others",
            name);
    }
    return fmt::format("needs {}, which this process lacks", name);
}

scoped_capability::scoped_capability(capability wanted) noexcept : wanted_(wanted) {
    const int saved = errno;
    const cap_state state(::cap_get_proc());
    cap_flag_value_t permitted = CAP_CLEAR;
    cap_flag_value_t effective = CAP_CLEAR;
    const cap_value_t number = static_cast<int>(wanted);
    if (state && ::cap_get_flag(state.get(), number, CAP_PERMITTED, &permitted) == 0 &&
        ::cap_get_flag(state.get(), number, CAP_EFFECTIVE, &effective) == 0 && permitted == CAP_SET &&
        effective == CAP_CLEAR) {
        raised_ = set_effective(wanted, CAP_SET);
    }
    errno = saved;
}

scoped_capability::~scoped_capability() {
    if (!raised_) return;
    const int saved = errno;
    set_effective(wanted_, CAP_CLEAR);
    errno = saved;
}

namespace {

/// Leaves the capabilities of that mask permitted and effective and nothing else, for good; reads back what is left.
result<void> reduce_to(std::uint64_t mask) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0) return system_failure("cannot set no_new_privs", errno);
    // Kernels before 4.3 have no ambient set; the read-back below decides.
    ::cap_reset_ambient();
    const cap_state state(::cap_init());
    bool made = state != nullptr;
    for (const capability kept : {capability::net_admin, capability::net_raw}) {
        const cap_value_t number = static_cast<int>(kept);
        if ((mask & bit(kept)) == 0) continue;
        made = made && ::cap_set_flag(state.get(), CAP_PERMITTED, 1, &number, CAP_SET) == 0 &&
               ::cap_set_flag(state.get(), CAP_EFFECTIVE, 1, &number, CAP_SET) == 0;
    }
    if (!made || ::cap_set_proc(state.get()) != 0) return system_failure("cannot drop capabilities", errno);

    const auto left = process_capabilities();
    if (!left) return left.error();
    const capability_sets wanted{.effective = mask, .permitted = mask};
    if (*left != wanted || ::prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1) {
        return failure{"capabilities are still there after they were dropped",
                       {},
                       std::make_error_code(std::errc::operation_not_permitted)};
    }
    return {};
}

}  // namespace

result<void> drop_all_capabilities() {
    return reduce_to(0);
}

result<void> keep_only_capability(capability kept) {
    const auto before = process_capabilities();
    if (!before) return before.error();
    return reduce_to(before->permitted & bit(kept));
}

}  // namespace sonde::socket
