#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <net/if.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include <sonde/socket/netlink.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/route.hpp>
#include <sonde/socket/tun_tap.hpp>

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

namespace sonde::socket {

namespace {

constexpr const char* device_path = "/dev/net/tun";

failure told(std::string what, int error_number, std::string remedy) {
    return {std::move(what), std::move(remedy), std::error_code(error_number, std::generic_category())};
}

/// /dev/net/tun itself: not there, or not for this user.
failure no_device(int error_number) {
    std::string remedy;
    if (error_number == EACCES || error_number == EPERM) {
        remedy = fmt::format(
            "To let every user attach to the devices that are theirs (it allows no more than that):\n"
            "    {}chmod 0666 {}",
            sudo_prefix(), device_path);
    } else {
        remedy = fmt::format(
            "To load the driver, and in a container to let the device in:\n    {}modprobe tun\n"
            "    docker run --device {} IMAGE",
            sudo_prefix(), device_path);
    }
    return system_failure(fmt::format("cannot open {}", device_path), error_number, std::move(remedy));
}

std::string owner_text(const tun_device& d) {
    if (!d.owner) return d.group ? fmt::format("a group ({}) that this process is not in", *d.group) : "nobody";
    const passwd* user = ::getpwuid(*d.owner);
    return fmt::format("user {}", user != nullptr ? shell_word(user->pw_name) : fmt::to_string(*d.owner));
}

/// Refused, and there is one of that name.
failure refused_existing(const tun_device& d, const tun_options& o, int error_number) {
    const std::string name = shell_word(d.name);
    if (o.must_be_new) {
        return told(fmt::format("{} exists already", name), EEXIST,
                    fmt::format("To delete it first:\n    {}sonde tap delete {}", sudo_prefix(), name));
    }
    if (d.kind != o.kind) {
        return told(fmt::format("{} is a {} device, and a {} device is wanted", name,
                                d.kind == tun_kind::tap ? "TAP" : "TUN", o.kind == tun_kind::tap ? "TAP" : "TUN"),
                    EINVAL, {});
    }
    if (error_number == EBUSY) {
        return told(fmt::format("{} is busy: another program is attached to it", name), EBUSY,
                    fmt::format("To see which:\n    {}fuser -v {}", sudo_prefix(), device_path));
    }
    if (error_number == EPERM) {
        return told(fmt::format("{} belongs to {}", name, owner_text(d)), EPERM,
                    fmt::format("As that user, or make one for this one:\n    {}sonde tap create NAME --user {}{}",
                                sudo_prefix(), ::geteuid(), o.kind == tun_kind::tun ? " --tun" : ""));
    }
    return system_failure(fmt::format("cannot attach to {}", name), error_number);
}

failure refused(const tun_options& o, int error_number) {
    if (!o.name.empty()) {
        const auto found = find_tun_device(o.name);
        if (found && found->has_value()) return refused_existing(**found, o, error_number);
        if (interface_index(o.name) != 0) {
            return told(fmt::format("{} exists already, and is no TUN or TAP device", shell_word(o.name)),
                        o.must_be_new ? EEXIST : EINVAL, {});
        }
    }
    const std::string what = fmt::format("cannot make a {} device", o.kind == tun_kind::tap ? "TAP" : "TUN");
    if (error_number == EPERM) {
        return told(fmt::format("{}: {}", what, capability_refusal(capability::net_admin)), EPERM,
                    fmt::format("Once, so that this user needs no privilege from then on:\n"
                                "    {}sonde tap create {} --user {}{}\n"
                                "or for the binary:\n    {}setcap cap_net_raw,cap_net_admin+ep {}",
                                sudo_prefix(), o.name.empty() ? "NAME" : shell_word(o.name), ::geteuid(),
                                o.kind == tun_kind::tun ? " --tun" : "", sudo_prefix(), shell_word(binary_path())));
    }
    return system_failure(what, error_number);
}

void take_tun_data(tun_device& d, bytes_view data) {
    for_each_attribute(data, 0, [&](std::uint16_t type, bytes_view value) {
        const auto number = read_netlink<std::uint32_t>(value);
        const auto octet = read_netlink<std::uint8_t>(value);
        if (type == IFLA_TUN_OWNER) d.owner = number;
        if (type == IFLA_TUN_GROUP) d.group = number;
        if (type == IFLA_TUN_TYPE) d.kind = octet == IFF_TAP ? tun_kind::tap : tun_kind::tun;
        if (type == IFLA_TUN_PERSIST) d.persistent = octet != 0;
    });
}

/// Whether it is a TUN or TAP device.
bool take_link(tun_device& d, bytes_view message) {
    const auto link = read_netlink<ifinfomsg>(message);
    d.index = static_cast<std::uint32_t>(link.ifi_index);
    d.up = (link.ifi_flags & IFF_UP) != 0;
    bool carrier = false;
    std::string kind;
    bytes_view data;
    for_each_attribute(message, sizeof link, [&](std::uint16_t type, bytes_view value) {
        if (type == IFLA_IFNAME) d.name = read_netlink_text(value);
        if (type == IFLA_MTU) d.mtu = read_netlink<std::uint32_t>(value);
        if (type == IFLA_IFALIAS) d.alias = read_netlink_text(value);
        if (type == IFLA_CARRIER) carrier = read_netlink<std::uint8_t>(value) != 0;
        if (type != IFLA_LINKINFO) return;
        for_each_attribute(value, 0, [&](std::uint16_t inner, bytes_view part) {
            if (inner == IFLA_INFO_KIND) kind = read_netlink_text(part);
            if (inner == IFLA_INFO_DATA) data = part;
        });
    });
    take_tun_data(d, data);
    d.in_use = carrier;
    return kind == "tun";
}

}  // namespace

std::string_view to_string(tun_kind kind) noexcept {
    return kind == tun_kind::tun ? "tun" : "tap";
}

std::optional<std::string> interface_name_fault(std::string_view name) {
    if (name.empty()) return "an interface needs a name";
    if (name.size() > interface_name_limit) {
        return fmt::format("{} is too long for the name of an interface: it has {} bytes, {} are allowed",
                           shell_word(name), name.size(), interface_name_limit);
    }
    const bool odd = std::ranges::any_of(name, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7f || c == '/' || c == ':' || c == '%';
    });
    if (odd || name == "." || name == "..") {
        return fmt::format("{} cannot be the name of an interface: no spaces, '/', ':' or '%'", shell_word(name));
    }
    return std::nullopt;
}

result<tun_tap> tun_tap::open(const tun_options& options) {
    if (!options.name.empty()) {
        if (auto fault = interface_name_fault(options.name)) {
            return told(std::move(*fault), options.name.size() > interface_name_limit ? ENAMETOOLONG : EINVAL, {});
        }
    }
    descriptor fd(::open(device_path, O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return no_device(errno);
    const bool existed = !options.name.empty() && interface_index(options.name) != 0;
    ifreq request{};
    options.name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    const int mode =
        (options.kind == tun_kind::tun ? IFF_TUN : IFF_TAP) | IFF_NO_PI | (options.must_be_new ? IFF_TUN_EXCL : 0);
    request.ifr_flags = static_cast<short>(mode);
    int error_number = 0;
    {
        const scoped_capability guard(capability::net_admin);
        error_number = ::ioctl(fd.get(), TUNSETIFF, &request) == 0 ? 0 : errno;
    }
    if (error_number != 0) return refused(options, error_number);
    return tun_tap(std::move(fd), request.ifr_name, options.kind, !existed);
}

result<void> tun_tap::control(unsigned long request, unsigned long value, std::string_view what) {
    const scoped_capability guard(capability::net_admin);
    if (::ioctl(fd_.get(), request, value) == 0) return {};
    // A user namespace knows those alone that are mapped into it.
    const std::string_view unknown = errno == EINVAL ? " (this user namespace knows no such user or group)" : "";
    return system_failure(fmt::format("cannot {} {}{}", what, shell_word(name_), unknown), errno);
}

result<void> tun_tap::set_owner(std::uint32_t uid) {
    return control(TUNSETOWNER, uid, fmt::format("make user {} the owner of", uid));
}

result<void> tun_tap::set_group(std::uint32_t gid) {
    return control(TUNSETGROUP, gid, fmt::format("make group {} the owner of", gid));
}

result<void> tun_tap::set_persistent(bool stays) {
    return control(TUNSETPERSIST, stays ? 1 : 0, stays ? "keep" : "let go of");
}

tun_transfer tun_tap::read(bytes_span into) const noexcept {
    const ssize_t size = ::read(fd_.get(), into.data(), into.size());
    return size < 0 ? tun_transfer{0, errno} : tun_transfer{static_cast<std::size_t>(size), 0};
}

tun_transfer tun_tap::write(bytes_view packet) const noexcept {
    const ssize_t size = ::write(fd_.get(), packet.data(), packet.size());
    return size < 0 ? tun_transfer{0, errno} : tun_transfer{static_cast<std::size_t>(size), 0};
}

result<std::vector<tun_device>> tun_devices() {
    auto netlink = netlink_socket::open();
    if (!netlink) return netlink.error();
    ifinfomsg all{};
    all.ifi_family = AF_UNSPEC;
    netlink_request request(RTM_GETLINK, NLM_F_DUMP, all);
    std::vector<tun_device> found;
    const auto outcome = netlink->exchange(request, [&](bytes_view message) {
        tun_device d;
        if (take_link(d, message)) found.push_back(std::move(d));
    });
    if (!outcome.done()) return outcome.to_failure("cannot list the interfaces");
    std::ranges::sort(found, {}, &tun_device::index);
    return found;
}

result<std::optional<tun_device>> find_tun_device(std::string_view name) {
    auto all = tun_devices();
    if (!all) return all.error();
    const auto found = std::ranges::find(*all, name, &tun_device::name);
    return found == all->end() ? std::optional<tun_device>{} : std::optional{std::move(*found)};
}

}  // namespace sonde::socket
