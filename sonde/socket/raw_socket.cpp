#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>
#include <climits>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <vector>

#include <fmt/format.h>

#include <sonde/socket/control_message.hpp>
#include <sonde/socket/dialect.hpp>
#include <sonde/socket/family_options.hpp>
#include <sonde/socket/icmp_permission.hpp>
#include <sonde/socket/packet_info.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/raw_socket.hpp>
#include <sonde/socket/socket_address.hpp>

#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/sock_diag.h>

namespace sonde::socket {

namespace {

constexpr std::uint32_t whole_datagram = ~0U;
constexpr std::size_t receive_control_size = packet_info_space + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec));
constexpr std::size_t send_control_size = packet_info_space + 3 * CMSG_SPACE(sizeof(int));

std::string_view word(family f) noexcept {
    return f == family::v4 ? "IPv4" : "IPv6";
}

const raw_ip_rules& native_rules() noexcept {
    return rules_of(native_dialect());
}

bool wants_host_order(const raw_socket_options& options) noexcept {
    return options.header_included && options.family == family::v4 &&
           native_rules().sent_length_and_offset == wire_order::host;
}

std::vector<std::byte> gather(std::span<const bytes_view> pieces) {
    std::vector<std::byte> whole;
    for (const auto piece : pieces) whole.insert(whole.end(), piece.begin(), piece.end());
    return whole;
}

void append_wishes(msghdr& message, const raw_socket_options& options, const raw_socket::header_wishes& wishes) {
    const family_options names = options_of(options.family);
    if (!wishes.source.is_unspecified()) {
        append_packet_info(message, options.family, wishes.source, options.interface);
    }
    if (wishes.hop_limit) append_control(message, names.level, names.hop_limit, int{*wishes.hop_limit});
    if (wishes.traffic_class) append_control(message, names.level, names.traffic_class, int{*wishes.traffic_class});
    if (wishes.dont_fragment && options.family == family::v6) {
        append_control(message, IPPROTO_IPV6, IPV6_DONTFRAG, int{1});
    }
}

bool attach(int fd, std::vector<sock_filter> program) noexcept {
    const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
    return set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER, whole);
}

/// Nothing comes in from here on.
bool shut(int fd) {
    return attach(fd, {BPF_STMT(BPF_RET | BPF_K, 0)});
}

void drain(int fd) noexcept {
    std::byte nothing{};
    while (::recv(fd, &nothing, sizeof nothing, MSG_DONTWAIT | MSG_TRUNC) >= 0) {
    }
}

bool open_up(int fd) noexcept {
    return set_option(fd, SOL_SOCKET, SO_DETACH_FILTER, int{0});
}

using type_set = std::bitset<256>;

/// Over what an IPv4 raw socket gets, which begins with the IP header.
std::vector<sock_filter> program_of(const type_set& types) {
    std::vector<sock_filter> program{BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0)};
    for (std::uint32_t type = 0; type < types.size(); ++type) {
        if (!types[type]) continue;
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type, 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, whole_datagram));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
    return program;
}

std::string name_of(std::uint32_t interface) {
    std::array<char, IF_NAMESIZE> name{};
    if (::if_indextoname(interface, name.data()) == nullptr) return fmt::format("interface number {}", interface);
    return shell_word(name.data());
}

}  // namespace

result<raw_socket> raw_socket::open(const raw_socket_options& options) {
    const family_options names = options_of(options.family);
    descriptor fd;
    {
        const scoped_capability raise(capability::net_raw);
        fd = descriptor(::socket(names.domain, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, options.protocol));
        const int why = errno;
        if (!fd && why == EAFNOSUPPORT) {
            return system_failure(fmt::format("this system has no {}", word(options.family)), why);
        }
        if (!fd) {
            return net_raw_failure(
                fmt::format("cannot open a raw {} socket of protocol {}", word(options.family), options.protocol), why);
        }
        // It receives from its first moment on, from everywhere: `configure` lets in what is for it.
        if (!shut(fd.get())) return system_failure("cannot attach a filter to a raw socket", errno);
        // Kernels before 5.7 want the capability for this, and all take an index that does not exist.
        const int interface = static_cast<int>(options.interface);
        std::array<char, IF_NAMESIZE> name{};
        if (interface != 0 && ::if_indextoname(options.interface, name.data()) == nullptr) {
            return system_failure(fmt::format("no interface has the number {}", interface), ENODEV);
        }
        if (interface != 0 && !set_option(fd.get(), SOL_SOCKET, SO_BINDTOIFINDEX, interface)) {
            return system_failure(fmt::format("cannot bind a raw socket to interface number {}", interface), errno);
        }
    }
    raw_socket opened(std::move(fd), options);
    if (const auto configured = opened.configure(); !configured) return configured.error();
    return opened;
}

result<void> raw_socket::configure() {
    const family_options names = options_of(options_.family);
    const int on = 1;
    // Said in any case: IPPROTO_RAW implies it on one system and not on another (`needs_header_included`).
    const int included = options_.header_included ? 1 : 0;
    if (!set_option(fd(), names.level, names.header_included, included)) {
        return system_failure("cannot set whether datagrams come with their IP header (IP_HDRINCL)", errno);
    }
    if (options_.broadcast && !set_option(fd(), SOL_SOCKET, SO_BROADCAST, on)) {
        return system_failure("cannot allow broadcast (SO_BROADCAST)", errno);
    }
    {
        const scoped_capability admin(capability::net_admin);
        const int bytes = options_.receive_buffer;
        if (!set_option(fd(), SOL_SOCKET, SO_RCVBUFFORCE, bytes)) set_option(fd(), SOL_SOCKET, SO_RCVBUF, bytes);
    }
    set_option(fd(), SOL_SOCKET, SO_TIMESTAMPNS, on);
    set_option(fd(), names.level, names.receive_hop_limit, on);
    set_option(fd(), names.level, names.receive_packet_info, on);
    socklen_t size = sizeof system_path_mtu_;
    ::getsockopt(fd(), names.level, names.mtu_discover, &system_path_mtu_, &size);
    if (!options_.source.is_unspecified()) {
        const socket_address own(options_.source);
        if (::bind(fd(), own.data(), own.size) != 0) {
            const int why = errno;
            return system_failure(fmt::format("cannot send from {}", options_.source.to_string()), why);
        }
    }
    drain(fd());
    if (!open_up(fd())) return system_failure("cannot detach a filter from a raw socket", errno);
    return {};
}

void raw_socket::set_dont_fragment(bool wanted) noexcept {
    if (wanted == dont_fragment_ || options_.family != family::v4) return;
    const int value = wanted ? IP_PMTUDISC_DO : system_path_mtu_;
    if (set_option(fd(), IPPROTO_IP, IP_MTU_DISCOVER, value)) dont_fragment_ = wanted;
}

result<void> raw_socket::send(std::span<const bytes_view> pieces, const ip_address& destination,
                              const header_wishes& wishes) {
    std::vector<std::byte> whole;
    bytes_view rewritten;
    if (wants_host_order(options_)) {
        whole = gather(pieces);
        to_dialect(whole, native_rules(), std::endian::native == std::endian::little);
        rewritten = whole;
        pieces = std::span{&rewritten, 1};
    }
    std::vector<iovec> vectors;
    vectors.reserve(pieces.size());
    std::size_t size = 0;
    for (const auto piece : pieces) {
        vectors.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
        size += piece.size();
    }
    socket_address to(destination);
    alignas(cmsghdr) std::array<std::byte, send_control_size> control;
    msghdr message{};
    message.msg_name = to.data();
    message.msg_namelen = to.size;
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    message.msg_control = control.data();
    if (!options_.header_included) {
        append_wishes(message, options_, wishes);
        set_dont_fragment(wishes.dont_fragment);
    }
    if (message.msg_controllen == 0) message.msg_control = nullptr;
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return {};
    const int why = errno;
    std::string what = fmt::format("cannot send {} bytes to {}", size, destination.to_string());
    if (why == EMSGSIZE) what += options_.header_included ? ", more than the interface's MTU in one piece" : "";
    if (why == EPERM) what += " (a firewall rule?)";
    return system_failure(std::move(what), why);
}

// The kernel delivers without the socket's lock: a datagram that was under way on another processor while the bind or
// the filter was set may be queued after the draining.
bool raw_socket::is_foreign(const received& in) const noexcept {
    const bool v4 = options_.family == family::v4;
    if (!options_.source.is_unspecified() && in.destination) {
        const bool group = !v4 && in.destination->is_multicast();  // of IPv6, a bound socket gets its groups too
        if (!group && in.destination->with_scope(0) != options_.source.with_scope(0)) return true;
    }
    if (types_.all() || in.bytes.empty()) return false;
    const std::size_t header = v4 ? 4 * (load_be<std::uint8_t>(in.bytes, 0) & 0xfU) : 0;
    return header < in.bytes.size() && !types_[load_be<std::uint8_t>(in.bytes, header)];
}

std::optional<raw_socket::received> raw_socket::receive(bytes_span buffer) {
    for (;;) {
        auto in = receive_any(buffer);
        if (!in || !is_foreign(*in)) return in;
    }
}

std::optional<raw_socket::received> raw_socket::receive_any(bytes_span buffer) {
    const family_options names = options_of(options_.family);
    alignas(cmsghdr) std::array<std::byte, receive_control_size> control;
    socket_address from;
    iovec vector{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = from.data();
    message.msg_namelen = sizeof from.storage;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(fd(), &message, MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0) {
        // The call takes the socket's error away with it.
        if (errno != EAGAIN && errno != EINTR) error_ = errno;
        return std::nullopt;
    }
    received in;
    in.full_size = static_cast<std::size_t>(size);
    const bytes_span kept = buffer.first(std::min(in.full_size, buffer.size()));
    if (delivers_ip_header()) from_dialect(kept, native_rules(), std::endian::native == std::endian::little);
    in.bytes = kept;
    in.from = address_of(message.msg_name, message.msg_namelen);
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == names.level && c->cmsg_type == names.hop_limit) {
            in.hop_limit = static_cast<std::uint8_t>(read_control<int>(*c));
        } else if (c->cmsg_level == names.level && c->cmsg_type == names.packet_info) {
            const packet_info info = read_packet_info(*c, options_.family);
            in.destination = info.destination;
            in.interface = info.interface;
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            in.at = to_wall_time(read_control<timespec>(*c));
        }
    }
    return in;
}

result<void> raw_socket::accept_types(std::span<const std::uint8_t> types) {
    const family_options names = options_of(options_.family);
    if (options_.protocol != names.icmp_protocol) {
        return failure{fmt::format("a raw socket of protocol {} has no ICMP types to choose from", options_.protocol),
                       {},
                       std::make_error_code(std::errc::invalid_argument)};
    }
    type_set wanted;
    for (const std::uint8_t type : types) wanted.set(type);
    if (types.empty()) wanted.set();
    // A set bit blocks the type. These filters are the cheaper ones: what they hold back is not even copied.
    std::array<std::uint32_t, 8> blocked{};
    for (std::size_t type = 0; type < wanted.size(); ++type) {
        if (!wanted[type]) blocked[type / 32] |= 1U << (type % 32);
    }
    if (!shut(fd())) return system_failure("cannot filter ICMP types", errno);
    const bool v4 = options_.family == family::v4;
    const bool set = v4 ? set_option(fd(), SOL_RAW, ICMP_FILTER, icmp_filter{blocked.front()})
                        : set_option(fd(), SOL_ICMPV6, ICMPV6_FILTER, blocked);
    drain(fd());
    // ICMP_FILTER ends at type 31.
    const bool opened = v4 && !wanted.all() ? attach(fd(), program_of(wanted)) : open_up(fd());
    if (!set || !opened) return system_failure("cannot filter ICMP types", errno);
    types_ = wanted;
    return {};
}

result<void> raw_socket::accept_only(const bpf_filter& filter) {
    std::vector<sock_filter> program;
    for (const auto& i : filter.instructions()) program.push_back({i.code, i.jump_true, i.jump_false, i.k});
    if (!shut(fd())) return system_failure("cannot filter what a raw socket receives", errno);
    drain(fd());
    const bool opened = program.empty() ? open_up(fd()) : attach(fd(), std::move(program));
    if (!opened) return system_failure("cannot filter what a raw socket receives", errno);
    return {};
}

result<void> raw_socket::join(const ip_address& group, std::uint32_t interface) {
    if (!group.is_multicast() || group.family() != options_.family) {
        return failure{fmt::format("{} is no {} multicast group", group.to_string(), word(options_.family)),
                       {},
                       std::make_error_code(std::errc::invalid_argument)};
    }
    if (interface == 0) interface = group.scope_id();
    const socket_address address(group);
    group_req request{};  // RFC 3678: the same for both families
    request.gr_interface = interface;
    std::memcpy(&request.gr_group, address.data(), address.size);
    if (set_option(fd(), options_of(options_.family).level, MCAST_JOIN_GROUP, request)) return {};
    const int why = errno;
    if (why == EADDRINUSE) return {};  // a member already
    if (why == ENODEV && interface == 0) {
        return system_failure(fmt::format("no route says by which interface to join {}", group.to_string()), why);
    }
    std::string remedy;
    if (why == ENOBUFS && options_.family == family::v4) {
        remedy = fmt::format("To let a socket be in more groups:\n    {}sysctl -w net.ipv4.igmp_max_memberships=100",
                             sudo_prefix());
    }
    return system_failure(fmt::format("cannot join {} on {}", group.with_scope(0).to_string(), name_of(interface)), why,
                          std::move(remedy));
}

int raw_socket::take_error() noexcept {
    const int error = take_pending_error(fd());
    const int former = std::exchange(error_, 0);
    return error != 0 ? error : former;
}

std::uint32_t raw_socket::dropped() const noexcept {
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd(), SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return 0;
    return size >= (SK_MEMINFO_DROPS + 1) * sizeof(std::uint32_t) ? info[SK_MEMINFO_DROPS] : 0;
}

}  // namespace sonde::socket
