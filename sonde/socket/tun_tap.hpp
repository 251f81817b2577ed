// TUN and TAP devices (Linux, Documentation/networking/tuntap.rst): interfaces whose other end is a program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::socket {

enum class tun_kind : std::uint8_t {
    tun,  ///< carries IP packets
    tap,  ///< carries Ethernet frames
};
/// `tun` or `tap`.
[[nodiscard]] std::string_view to_string(tun_kind kind) noexcept;

struct tun_options {
    std::string name = {};  ///< at most 15 bytes; empty: the kernel takes the next free tunN or tapN
    tun_kind kind = tun_kind::tun;
    bool must_be_new = false;  ///< fails where it exists already
};

/// The longest name of an interface, in bytes.
inline constexpr std::size_t interface_name_limit = 15;

/// Nothing, or what is wrong with it as a name, in one line: the kernel's rules, but for `%`, which it would replace.
[[nodiscard]] std::optional<std::string> interface_name_fault(std::string_view name);

/// How one read or write went.
struct tun_transfer {
    std::size_t size = 0;  ///< bytes of the packet
    int error_number = 0;  ///< EAGAIN: nothing there, or no room; EIO: the device is down; EBADFD: it was deleted

    [[nodiscard]] bool done() const noexcept { return error_number == 0; }
};

/// One attachment to one device; whole packets in each read and write, without a header in front. Non-blocking.
/// Move-only. When it goes, so does the device, with its addresses and routes, unless it was made persistent. One
/// thread at a time.
class tun_tap {
public:
    /// Attaches to the device of that name, or makes it, which needs CAP_NET_ADMIN, raised around the call alone. To
    /// attach needs no privilege where this user, or a group of this process, is its owner (and where it has none). The
    /// failure tells the cases apart, each with its remedy; its code: ENOENT, EACCES: /dev/net/tun; EEXIST: there
    /// already, though it must be new; EINVAL: it is of the other kind, or no TUN or TAP device; EBUSY: somebody is
    /// attached; EPERM: it is somebody else's, or there is none and none may be made; ENAMETOOLONG.
    [[nodiscard]] static result<tun_tap> open(const tun_options& options);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] tun_kind kind() const noexcept { return kind_; }
    /// Whether `open` made it; otherwise it was there.
    [[nodiscard]] bool made() const noexcept { return made_; }

    /// Who may attach to it without a privilege.
    [[nodiscard]] result<void> set_owner(std::uint32_t uid);
    [[nodiscard]] result<void> set_group(std::uint32_t gid);
    /// Whether it outlives this object.
    [[nodiscard]] result<void> set_persistent(bool stays);

    /// `into` has room for the device's MTU and its link header: what is longer is cut.
    [[nodiscard]] tun_transfer read(bytes_span into) const noexcept;
    [[nodiscard]] tun_transfer write(bytes_view packet) const noexcept;

private:
    tun_tap(descriptor fd, std::string name, tun_kind kind, bool made)
        : fd_(std::move(fd)), name_(std::move(name)), kind_(kind), made_(made) {}
    [[nodiscard]] result<void> control(unsigned long request, unsigned long value, std::string_view what);

    descriptor fd_;
    std::string name_;
    tun_kind kind_;
    bool made_;
};

/// What the kernel says of a TUN or TAP device. A value type: a snapshot.
struct tun_device {
    std::uint32_t index = 0;
    std::string name = {};
    tun_kind kind = tun_kind::tun;
    std::optional<std::uint32_t> owner = {};  ///< user id
    std::optional<std::uint32_t> group = {};
    bool persistent = false;
    bool up = false;
    bool in_use = false;  ///< a program is attached
    std::uint32_t mtu = 0;
    std::string alias = {};
};

/// Those of this network namespace, by index. (/sys/class/net shows that of whoever mounted it, which may be another.)
[[nodiscard]] result<std::vector<tun_device>> tun_devices();

/// The one of that name, or nothing.
[[nodiscard]] result<std::optional<tun_device>> find_tun_device(std::string_view name);

}  // namespace sonde::socket
