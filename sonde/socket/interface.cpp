#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/socket_address.hpp>

#include <linux/if_arp.h>
#include <linux/if_packet.h>

namespace sonde::socket {

namespace {

struct address_list_release {
    void operator()(ifaddrs* list) const noexcept { ::freeifaddrs(list); }
};

ip_address address_of(const sockaddr* address) noexcept {
    if (address == nullptr) return {};
    return socket::address_of(address, address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
}

unsigned prefix_length(const sockaddr* netmask, family f) noexcept {
    if (netmask == nullptr) return static_cast<unsigned>(8 * address_size(f));
    // Read as bytes: an IPv6 mask of ::ffff:0:0/96 would look like an IPv4 address.
    unsigned bits = 0;
    const auto* bytes = static_cast<const std::uint8_t*>(static_cast<const void*>(netmask));
    const std::size_t offset = f == family::v4 ? offsetof(sockaddr_in, sin_addr) : offsetof(sockaddr_in6, sin6_addr);
    for (std::size_t i = 0; i < address_size(f); ++i) bits += static_cast<unsigned>(std::popcount(bytes[offset + i]));
    return bits;
}

std::uint32_t mtu_of(int fd, const std::string& name) noexcept {
    ifreq request{};
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    return ::ioctl(fd, SIOCGIFMTU, &request) == 0 ? static_cast<std::uint32_t>(request.ifr_mtu) : 0;
}

/// `getifaddrs` tells it of links with an address alone, which a TUN device has not.
std::uint16_t hardware_type_of(int fd, const std::string& name) noexcept {
    ifreq request{};
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    return ::ioctl(fd, SIOCGIFHWADDR, &request) == 0 ? request.ifr_hwaddr.sa_family : ARPHRD_VOID;
}

void add_link(network_interface& one, const sockaddr* address) noexcept {
    sockaddr_ll link{};
    std::memcpy(&link, address, sizeof link);
    one.index = static_cast<std::uint32_t>(link.sll_ifindex);
    if (link.sll_halen == mac_address::size) {
        one.mac = mac_address::from_bytes(std::as_bytes(std::span{link.sll_addr}).first(mac_address::size));
    }
}

void add_address(network_interface& one, const ifaddrs& entry) {
    const family f = entry.ifa_addr->sa_family == AF_INET ? family::v4 : family::v6;
    interface_address added{address_of(entry.ifa_addr), prefix_length(entry.ifa_netmask, f), {}};
    if (f == family::v4 && (entry.ifa_flags & IFF_BROADCAST) != 0) added.broadcast = address_of(entry.ifa_broadaddr);
    one.addresses.push_back(added);
}

/// A name may hold anything but white space and slashes, colours of a terminal included.
std::string quoted(std::string_view name) {
    std::string word = shell_word(name);
    return word == name ? fmt::format("'{}'", name) : word;
}

}  // namespace

link_type network_interface::link() const noexcept {
    switch (hardware_type) {
        case ARPHRD_ETHER:
        case ARPHRD_LOOPBACK:
            return link_type::ethernet;
        case ARPHRD_NONE:
        case ARPHRD_PPP:
        case ARPHRD_RAWIP:
        case ARPHRD_TUNNEL:
        case ARPHRD_TUNNEL6:
        case ARPHRD_SIT:
        case ARPHRD_IPGRE:
            return link_type::raw_ip;
        default:
            return link_type::linux_cooked_v2;
    }
}

result<std::vector<network_interface>> interfaces() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return system_failure("cannot list the interfaces", errno);
    const std::unique_ptr<ifaddrs, address_list_release> list(first);
    const descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    std::vector<network_interface> all;
    for (const ifaddrs* i = first; i != nullptr; i = i->ifa_next) {
        // An address may have a label of its own behind the interface's name: `eth0:1`.
        const std::string_view label(i->ifa_name);
        const std::string name(label.substr(0, label.find(':')));
        auto known = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
        if (known == all.end()) {
            known = all.insert(known, network_interface{});
            known->name = name;
            known->index = ::if_nametoindex(name.c_str());
            known->up = (i->ifa_flags & IFF_UP) != 0;
            known->running = (i->ifa_flags & IFF_RUNNING) != 0;
            known->loopback = (i->ifa_flags & IFF_LOOPBACK) != 0;
            known->mtu = mtu_of(any.get(), name);
            known->hardware_type = hardware_type_of(any.get(), name);
        }
        if (i->ifa_addr == nullptr) continue;
        if (i->ifa_addr->sa_family == AF_PACKET) add_link(*known, i->ifa_addr);
        if (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6) add_address(*known, *i);
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
    return all;
}

result<network_interface> find_interface(std::string_view name) {
    auto all = interfaces();
    if (!all) return all.error();
    std::uint32_t index = 0;
    const auto number = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool is_number = number.ec == std::errc{} && number.ptr == name.data() + name.size();
    std::string names;
    for (auto& one : *all) {
        if (one.name == name) return std::move(one);
        names += fmt::format("{}{}", names.empty() ? "" : ", ", shell_word(one.name));
    }
    for (auto& one : *all) {
        if (is_number && one.index == index) return std::move(one);
    }
    return failure{fmt::format("no interface {}; there are: {}", quoted(name), names.empty() ? "none" : names),
                   {},
                   std::error_code(ENODEV, std::generic_category())};
}

}  // namespace sonde::socket
