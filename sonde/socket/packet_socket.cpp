#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <vector>

#include <fmt/format.h>

#include <sonde/socket/control_message.hpp>
#include <sonde/socket/icmp_permission.hpp>
#include <sonde/socket/packet_socket.hpp>
#include <sonde/socket/privilege.hpp>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

namespace sonde::socket {

namespace {

constexpr std::size_t control_size = CMSG_SPACE(sizeof(tpacket_auxdata)) + CMSG_SPACE(sizeof(timespec));

std::string name_of(std::uint32_t index) {
    std::array<char, IF_NAMESIZE> name{};
    if (::if_indextoname(index, name.data()) == nullptr) return fmt::format("interface number {}", index);
    return shell_word(name.data());
}

/// Bytes of payload; 0 when the system does not say.
int mtu_of(int fd, std::uint32_t index) noexcept {
    ifreq request{};
    if (::if_indextoname(index, request.ifr_name) == nullptr) return 0;
    return ::ioctl(fd, SIOCGIFMTU, &request) == 0 ? request.ifr_mtu : 0;
}

/// The kernel says ENETDOWN for the first bind alone: bound again to an interface that is still down, it says nothing.
bool is_down(int fd, std::uint32_t index) noexcept {
    ifreq request{};
    if (index == 0 || ::if_indextoname(index, request.ifr_name) == nullptr) return false;
    return ::ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) == 0;
}

sockaddr_ll link_address(std::uint32_t interface, std::uint16_t protocol) noexcept {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(interface);
    address.sll_protocol = htons(protocol);
    return address;
}

failure interface_down(std::uint32_t interface) {
    const std::string name = name_of(interface);
    return {fmt::format("{} is down", name), fmt::format("To set it up:\n    {}ip link set {} up", sudo_prefix(), name),
            std::error_code(ENETDOWN, std::generic_category())};
}

void ask_for_buffer(int fd, int forced, int option, int bytes) noexcept {
    const scoped_capability admin(capability::net_admin);
    // Past the system's limit where that is allowed, up to it where not.
    if (!set_option(fd, SOL_SOCKET, forced, bytes)) set_option(fd, SOL_SOCKET, option, bytes);
}

void read_auxdata(frame_meta& meta, const tpacket_auxdata& aux) noexcept {
    meta.full_size = aux.tp_len;
    meta.checksum_unfinished = (aux.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
    meta.checksum_verified = (aux.tp_status & TP_STATUS_CSUM_VALID) != 0;
    if ((aux.tp_status & TP_STATUS_VLAN_VALID) != 0) {
        const bool told = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
        meta.tag = vlan_tag{told ? aux.tp_vlan_tpid : std::uint16_t{ETH_P_8021Q}, aux.tp_vlan_tci};
    }
}

}  // namespace

/// Headers that point at the vectors once and for all: a frame costs two stores.
struct packet_socket::send_batch {
    static constexpr std::size_t size = 256;
    std::array<mmsghdr, size> headers{};
    std::array<iovec, size> vectors{};

    send_batch() noexcept {
        for (std::size_t i = 0; i < size; ++i) {
            headers[i].msg_hdr.msg_iov = &vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
    }
};

void packet_socket::send_batch_release::operator()(send_batch* batch) const noexcept {
    delete batch;
}

packet_socket::packet_socket(descriptor fd, const packet_socket_options& options) noexcept
    : fd_(std::move(fd)), options_(options) {}

result<packet_socket> packet_socket::open(const packet_socket_options& options) {
    descriptor fd;
    {
        const scoped_capability raise(capability::net_raw);
        // Protocol 0 receives nothing: no frame comes in before the filter is there.
        const int type = (options.cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC | SOCK_NONBLOCK;
        fd = descriptor(::socket(AF_PACKET, type, 0));
    }
    if (!fd) return net_raw_failure("cannot open a packet socket", errno);
    packet_socket opened(std::move(fd), options);
    if (const auto configured = opened.configure(); !configured) return configured.error();
    return opened;
}

result<void> packet_socket::configure() {
    ask_for_buffer(fd(), SO_SNDBUFFORCE, SO_SNDBUF, options_.send_buffer);
    if (!options_.send_only) {
        ask_for_buffer(fd(), SO_RCVBUFFORCE, SO_RCVBUF, options_.receive_buffer);
        const int on = 1;
        if (!set_option(fd(), SOL_PACKET, PACKET_AUXDATA, on)) {
            return system_failure("cannot ask for the frames' particulars (PACKET_AUXDATA)", errno);
        }
        set_option(fd(), SOL_SOCKET, SO_TIMESTAMPNS, on);
    }
    // With protocol 0 this says where to send, and hooks nothing into the receive path.
    if (auto bound = bind_to(0); !bound) return bound;
    return join_memberships();
}

result<void> packet_socket::bind_to(std::uint16_t protocol) {
    const sockaddr_ll address = link_address(options_.interface, protocol);
    if (::bind(fd(), static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) != 0) {
        const int why = errno;
        return system_failure(fmt::format("cannot bind a packet socket to {}", name_of(options_.interface)), why);
    }
    return {};
}

result<void> packet_socket::join_memberships() const {
    if (options_.interface == 0 || options_.send_only) return {};
    if (options_.promiscuous) {
        if (auto joined = join(PACKET_MR_PROMISC); !joined) return joined;
    }
    return options_.all_multicast ? join(PACKET_MR_ALLMULTI) : result<void>{};
}

result<void> packet_socket::join(int membership) const {
    packet_mreq request{};
    request.mr_ifindex = static_cast<int>(options_.interface);
    request.mr_type = static_cast<unsigned short>(membership);
    if (set_option(fd(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, request)) return {};
    const int why = errno;
    return system_failure(fmt::format("cannot set {} {}", name_of(options_.interface),
                                      membership == PACKET_MR_PROMISC ? "promiscuous" : "to receive all multicast"),
                          why);
}

bool packet_socket::attach(const bpf_filter& filter) const {
    std::vector<sock_filter> program;
    program.reserve(filter.instructions().size() + 1);
    for (const auto& i : filter.instructions()) {
        program.push_back({i.code, i.jump_true, i.jump_false, i.k});
        if (i.code == (BPF_RET | BPF_K)) program.back().k = std::min(i.k, snap_length_);
    }
    if (program.empty()) program.push_back({BPF_RET | BPF_K, 0, 0, snap_length_});
    const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
    errno = E2BIG;
    return program.size() <= BPF_MAXINSNS && set_option(fd(), SOL_SOCKET, SO_ATTACH_FILTER, whole);
}

void packet_socket::drain() const noexcept {
    std::byte nothing{};
    while (::recv(fd(), &nothing, sizeof nothing, MSG_DONTWAIT | MSG_TRUNC) >= 0) {
    }
}

result<void> packet_socket::start(const bpf_filter& filter) {
    const auto refused = [&](int why) {
        const std::size_t size = filter.instructions().size();
        std::string more_memory;
        if (why == ENOMEM) {
            more_memory =
                fmt::format("To give sockets more memory for such things:\n    {}sysctl -w net.core.optmem_max={}",
                            sudo_prefix(), 1 << 20);
        }
        return system_failure(fmt::format("the kernel does not take the filter of {} instructions", size), why,
                              more_memory);
    };
    if (started_) {
        // What came in under the former filter, and what comes in between, is not for the new one.
        if (!attach(bpf_filter::nothing())) return refused(errno);
        drain();
        if (!attach(filter)) return refused(errno);
        return is_down(fd(), options_.interface) ? result<void>(interface_down(options_.interface)) : result<void>{};
    }
    // Nothing comes in before the bind: attached before it, the filter leaves no gap and there is nothing to drain.
    if (!attach(filter)) return refused(errno);
    if (options_.send_only) return {};
    if (auto bound = bind_to(ETH_P_ALL); !bound) return bound;
    started_ = true;
    if (const int error = take_error(); error != 0) {
        return error == ENETDOWN ? interface_down(options_.interface)
                                 : system_failure(name_of(options_.interface), error);
    }
    return {};
}

result<void> packet_socket::rebind(std::uint32_t interface) {
    take_error();
    const std::uint32_t former = std::exchange(options_.interface, interface);
    if (auto bound = bind_to(started_ ? ETH_P_ALL : 0); !bound) {
        options_.interface = former;
        return bound;
    }
    // Also for the same number, which one that was made anew may have got again: a membership twice is one.
    if (auto joined = join_memberships(); !joined) return joined;
    // Known here, and nothing that a later call should report.
    if (take_error() == ENETDOWN || is_down(fd(), interface)) return interface_down(interface);
    return {};
}

bool packet_socket::send_result::full() const noexcept {
    return error_number == EAGAIN || error_number == ENOBUFS;
}

packet_socket::send_result packet_socket::send(std::span<const bytes_view> frames) {
    if (!batch_) batch_.reset(new send_batch);
    send_result done;
    while (done.sent < frames.size()) {
        const std::size_t count = std::min(frames.size() - done.sent, send_batch::size);
        for (std::size_t i = 0; i < count; ++i) {
            const bytes_view frame = frames[done.sent + i];
            batch_->vectors[i] = {const_cast<std::byte*>(frame.data()), frame.size()};
        }
        const int sent = ::sendmmsg(fd(), batch_->headers.data(), static_cast<unsigned>(count), MSG_NOSIGNAL);
        // Of a batch that stopped early the next call tells why.
        if (sent > 0) {
            done.sent += static_cast<std::size_t>(sent);
        } else if (errno != EINTR) {
            done.error_number = errno;
            break;
        }
    }
    return done;
}

result<void> packet_socket::send_pieces(std::span<const bytes_view> pieces, std::uint32_t interface) {
    const std::uint32_t through = interface != 0 ? interface : options_.interface;
    std::vector<iovec> vectors;
    vectors.reserve(pieces.size());
    std::size_t size = 0;
    for (const auto piece : pieces) {
        vectors.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
        size += piece.size();
    }
    sockaddr_ll address = link_address(through, 0);
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return {};
    const int why = errno;
    if (why == ENETDOWN) return interface_down(through);
    const int mtu = mtu_of(fd(), through);
    if (why == EMSGSIZE && mtu > 0) {
        return failure{
            fmt::format("a frame of {} bytes is too large for {}, whose MTU is {}", size, name_of(through), mtu),
            {},
            std::error_code(why, std::generic_category())};
    }
    return system_failure(fmt::format("cannot send a frame of {} bytes through {}", size, name_of(through)), why);
}

std::optional<packet_socket::received> packet_socket::receive(bytes_span buffer) {
    alignas(cmsghdr) std::array<std::byte, control_size> control;
    sockaddr_ll from{};
    iovec vector{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
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
    const std::size_t kept = std::min({static_cast<std::size_t>(size), buffer.size(), std::size_t{snap_length_}});
    in.bytes = bytes_view{buffer}.first(kept);
    in.meta.full_size = static_cast<std::uint32_t>(size);
    in.meta.interface = static_cast<std::uint32_t>(from.sll_ifindex);
    in.meta.type = static_cast<packet_type>(from.sll_pkttype);
    in.meta.protocol = ntohs(from.sll_protocol);
    in.meta.hardware_type = from.sll_hatype;
    in.meta.address_size = from.sll_halen;
    std::memcpy(in.meta.address.data(), from.sll_addr, in.meta.address.size());
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
            read_auxdata(in.meta, read_control<tpacket_auxdata>(*c));
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            in.meta.at = to_wall_time(read_control<timespec>(*c));
        }
    }
    return in;
}

int packet_socket::take_error() noexcept {
    const int error = take_pending_error(fd());
    const int former = std::exchange(error_, 0);
    return error != 0 ? error : former;
}

packet_socket::statistics packet_socket::read_statistics() noexcept {
    // The older structure is this one's beginning; which one the kernel writes depends on the ring.
    tpacket_stats_v3 read{};
    socklen_t size = sizeof read;
    if (::getsockopt(fd(), SOL_PACKET, PACKET_STATISTICS, &read, &size) == 0) {
        total_.passed += read.tp_packets;
        total_.dropped += read.tp_drops;
    }
    return total_;
}

}  // namespace sonde::socket
