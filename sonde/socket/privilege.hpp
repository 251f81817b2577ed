// What this process may open, and how to hold no more privilege than the moment needs. Linux capabilities belong to a
// thread: everything here acts on the calling one, so raise, open and drop before other threads are started.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sonde/base/error.hpp>

namespace sonde::socket {

/// The capabilities that sonde has a use for; the numbers are the kernel's (linux/capability.h).
enum class capability : std::uint8_t { net_admin = 12, net_raw = 13 };

/// `cap_net_raw`, as setcap writes it.
[[nodiscard]] std::string_view to_string(capability wanted) noexcept;

/// A value type: one bit per capability number.
struct capability_sets {
    std::uint64_t effective = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;
    std::uint64_t ambient = 0;

    [[nodiscard]] bool is_effective(capability wanted) const noexcept;
    [[nodiscard]] bool is_permitted(capability wanted) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return (effective | permitted | inheritable | ambient) == 0; }

    friend bool operator==(const capability_sets&, const capability_sets&) = default;
};

/// Those of the calling thread.
[[nodiscard]] result<capability_sets> process_capabilities();

/// `cap_net_raw=ep`, or the empty string for a file without capabilities. Fails when they cannot be read.
[[nodiscard]] result<std::string> file_capabilities(const std::string& path);

/// The running binary's real path; a fallback word when /proc is not there.
[[nodiscard]] std::string binary_path();

/// `path` as one word of a shell command, safe to print.
[[nodiscard]] std::string shell_word(std::string_view path);

/// What an advised command needs in front: `sudo `, or nothing for root.
[[nodiscard]] std::string_view sudo_prefix() noexcept;

/// Why a call that needs it was refused, in one line: this process lacks it, or something else forbids.
[[nodiscard]] std::string capability_refusal(capability wanted);

/// Makes a permitted capability effective for as long as it lives. Does nothing when it is effective already or not
/// permitted: the call that it surrounds then says what is missing. `errno` of that call survives the destructor.
class scoped_capability {
public:
    explicit scoped_capability(capability wanted) noexcept;
    scoped_capability(const scoped_capability&) = delete;
    scoped_capability& operator=(const scoped_capability&) = delete;
    ~scoped_capability();

    [[nodiscard]] bool raised() const noexcept { return raised_; }

private:
    capability wanted_;
    bool raised_ = false;
};

/// Gives up every capability of the calling thread for good, sets no_new_privs so that no exec brings one back, and
/// reads both back: success means that they are gone, for root and for a setcap binary alike.
[[nodiscard]] result<void> drop_all_capabilities();

/// The same but for one, which stays permitted and effective if it was permitted: for a process that has to undo later
/// what was done with it.
[[nodiscard]] result<void> keep_only_capability(capability kept);

}  // namespace sonde::socket
