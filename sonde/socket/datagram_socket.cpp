#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

#include <fmt/format.h>

#include <sonde/socket/control_message.hpp>
#include <sonde/socket/datagram_socket.hpp>
#include <sonde/socket/family_options.hpp>
#include <sonde/socket/packet_info.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/socket_address.hpp>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>

namespace sonde::socket {

namespace {

constexpr std::size_t send_control_size = packet_info_space + 2 * CMSG_SPACE(sizeof(int));
constexpr int most_tries = 4;

}  // namespace

struct receive_batch::buffers {
    std::size_t bytes_each;
    std::vector<std::byte> bytes;
    std::vector<mmsghdr> headers;
    std::vector<iovec> vectors;
    std::vector<socket_address> names;
    std::vector<std::array<std::byte, receive_control_size>> controls;
    std::size_t used = 0;  // headers that the kernel has written to since they were set up

    void set_up(std::size_t i) {
        msghdr& header = headers[i].msg_hdr;
        header.msg_name = names[i].data();
        header.msg_namelen = sizeof names[i].storage;
        header.msg_iov = &vectors[i];
        header.msg_iovlen = 1;
        header.msg_control = controls[i].data();
        header.msg_controllen = controls[i].size();
        header.msg_flags = 0;
    }
};

receive_batch::receive_batch(std::size_t count, std::size_t bytes_each)
    : buffers_(std::make_unique<buffers>(buffers{bytes_each,
                                                 std::vector<std::byte>(count * bytes_each),
                                                 std::vector<mmsghdr>(count),
                                                 std::vector<iovec>(count),
                                                 std::vector<socket_address>(count),
                                                 {}})) {
    buffers_->controls.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        buffers_->vectors[i] = {buffers_->bytes.data() + i * bytes_each, bytes_each};
        buffers_->set_up(i);
    }
}
receive_batch::receive_batch(receive_batch&&) noexcept = default;
receive_batch& receive_batch::operator=(receive_batch&&) noexcept = default;
receive_batch::~receive_batch() = default;

std::size_t receive_batch::bytes_each() const noexcept {
    return buffers_->bytes_each;
}
std::size_t receive_batch::capacity() const noexcept {
    return buffers_->headers.size();
}

result<void> datagram_socket::configure(const configuration& wanted) {
    const family_options names = options_of(family_);
    const int on = 1;
    if (!ask_for_errors(fd(), family_)) {
        return system_failure("cannot ask for ICMP errors (IP_RECVERR) and hop limits", errno);
    }
    if (wanted.broadcast && !set_option(fd(), SOL_SOCKET, SO_BROADCAST, on)) {
        return system_failure("cannot allow broadcast (SO_BROADCAST)", errno);
    }
    if (wanted.mark) {
        const scoped_capability admin(capability::net_admin);
        const scoped_capability raw(capability::net_raw);
        if (!set_option(fd(), SOL_SOCKET, SO_MARK, *wanted.mark)) {
            return system_failure(
                fmt::format("cannot set the mark {} (SO_MARK)", *wanted.mark), errno,
                "a mark needs CAP_NET_ADMIN: run as root, or\n  sudo setcap cap_net_admin,cap_net_raw+ep " +
                    shell_word(binary_path()));
        }
    }
    socklen_t size = sizeof system_path_mtu_;
    getsockopt(fd(), names.level, names.mtu_discover, &system_path_mtu_, &size);
    ask_for_buffers(wanted);
    ask_for_timestamps();
    return {};
}

void datagram_socket::ask_for_buffers(const configuration& wanted) noexcept {
    const scoped_capability admin(capability::net_admin);
    if (!set_option(fd(), SOL_SOCKET, SO_RCVBUFFORCE, wanted.receive_buffer)) {
        set_option(fd(), SOL_SOCKET, SO_RCVBUF, wanted.receive_buffer);
    }
    if (!set_option(fd(), SOL_SOCKET, SO_SNDBUFFORCE, wanted.send_buffer)) {
        set_option(fd(), SOL_SOCKET, SO_SNDBUF, wanted.send_buffer);
    }
}

void datagram_socket::ask_for_timestamps() noexcept {
    constexpr unsigned reception = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
    constexpr unsigned transmission = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE |
                                      SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
    // Turning OPT_ID off and on again sets the kernel's counter to zero.
    const bool receives = set_option(fd(), SOL_SOCKET, SO_TIMESTAMPING, reception);
    stamps_transmits_ = receives && set_option(fd(), SOL_SOCKET, SO_TIMESTAMPING, reception | transmission);
    next_stamp_ = 0;
}

int datagram_socket::receive_buffer() const noexcept {
    int bytes = 0;
    socklen_t size = sizeof bytes;
    getsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &bytes, &size);
    return bytes;
}

void datagram_socket::set_path_mtu(path_mtu mtu) noexcept {
    if (mtu == mtu_) return;
    const family_options names = options_of(family_);
    // IPv6 numbers its modes as IPv4 does.
    static_assert(IPV6_PMTUDISC_DO == IP_PMTUDISC_DO && IPV6_PMTUDISC_PROBE == IP_PMTUDISC_PROBE);
    int value = system_path_mtu_;
    switch (mtu) {
        case path_mtu::system:
            break;
        case path_mtu::dont:
            value = IP_PMTUDISC_DONT;
            break;
        case path_mtu::want:
            value = IP_PMTUDISC_WANT;
            break;
        case path_mtu::require:
            value = IP_PMTUDISC_DO;
            break;
        case path_mtu::probe:
            value = IP_PMTUDISC_PROBE;
            break;
    }
    if (set_option(fd(), names.level, names.mtu_discover, value)) mtu_ = mtu;
}

datagram_socket::send_result datagram_socket::send(std::span<const outgoing> datagrams) {
    const family_options names = options_of(family_);
    std::array<mmsghdr, send_limit> headers;
    std::array<iovec, send_limit> vectors;
    std::array<socket_address, send_limit> addresses;
    alignas(cmsghdr) std::array<std::array<std::byte, send_control_size>, send_limit> controls;

    // The path MTU mode is the socket's, not the message's: a call carries the messages that agree on it.
    const std::size_t most = std::min(datagrams.size(), send_limit);
    std::size_t count = 0;
    for (; count < most && datagrams[count].mtu == datagrams[0].mtu; ++count) {
        const outgoing& out = datagrams[count];
        headers[count] = {};
        msghdr& header = headers[count].msg_hdr;
        addresses[count] = socket_address(out.destination, out.port);
        vectors[count] = {const_cast<std::byte*>(out.datagram.data()), out.datagram.size()};
        header.msg_name = addresses[count].data();
        header.msg_namelen = addresses[count].size;
        header.msg_iov = &vectors[count];
        header.msg_iovlen = 1;
        header.msg_control = controls[count].data();
        if (out.interface != 0 || !out.source.is_unspecified())
            append_packet_info(header, family_, out.source, out.interface);
        if (out.hop_limit) append_control(header, names.level, names.hop_limit, int{*out.hop_limit});
        if (out.traffic_class) append_control(header, names.level, names.traffic_class, int{*out.traffic_class});
        if (header.msg_controllen == 0) header.msg_control = nullptr;
    }
    if (count == 0) return {};
    set_path_mtu(datagrams[0].mtu);

    send_result done{.sent = 0, .error_number = 0, .first_stamp = next_stamp_};
    int tries = 0;
    while (done.sent < count) {
        const int sent = sendmmsg(fd(), &headers[done.sent], static_cast<unsigned>(count - done.sent), MSG_NOSIGNAL);
        if (sent > 0) {
            done.sent += static_cast<std::size_t>(sent);
            next_stamp_ += static_cast<std::uint32_t>(sent);
            tries = 0;
            continue;
        }
        if (errno == EINTR) continue;
        done.error_number = errno;
        if (done.error_number == EAGAIN || ++tries == most_tries) break;
        // An ICMP error about an earlier message fails the next send, whatever its destination; it is taken off here
        // (it stays in the error queue) and the message gets its own try. Where many come in, the next may be there.
        take_error();
        done.error_number = 0;
    }
    // A send that failed may have used up a stamp id or not, so counting begins anew.
    if (done.error_number != 0 && done.error_number != EAGAIN && stamps_transmits_) ask_for_timestamps();
    return done;
}

std::size_t datagram_socket::receive_with(receive_batch& batch, int flags) {
    auto& b = *batch.buffers_;
    for (std::size_t i = 0; i < b.used; ++i) b.set_up(i);
    b.used = 0;
    // MSG_TRUNC: the length that is told is the datagram's, not the buffer's.
    const int received = recvmmsg(fd(), b.headers.data(), static_cast<unsigned>(b.headers.size()),
                                  MSG_DONTWAIT | MSG_TRUNC | flags, nullptr);
    const std::size_t count = received > 0 ? static_cast<std::size_t>(received) : 0;
    b.used = std::min(count + 1, b.headers.size());  // the kernel may have begun with one more
    return count;
}

std::size_t datagram_socket::receive(receive_batch& batch) {
    return receive_with(batch, 0);
}
std::size_t datagram_socket::receive_errors(receive_batch& batch) {
    return receive_with(batch, MSG_ERRQUEUE);
}

incoming datagram_socket::datagram(const receive_batch& batch, std::size_t index) const {
    const auto& b = *batch.buffers_;
    msghdr header = b.headers[index].msg_hdr;
    const family_options names = options_of(family_);
    incoming in;
    in.full_size = b.headers[index].msg_len;
    if ((header.msg_flags & MSG_TRUNC) != 0 && in.full_size <= b.bytes_each) ++in.full_size;
    in.bytes = bytes_view{b.bytes}.subspan(index * b.bytes_each, std::min<std::size_t>(in.full_size, b.bytes_each));
    in.from = address_of(b.names[index].data(), header.msg_namelen);
    in.port = port_of(b.names[index]);
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == names.level && c->cmsg_type == names.hop_limit) {
            in.hop_limit = static_cast<std::uint8_t>(read_control<int>(*c));
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
            const timespec software = read_control<scm_timestamping>(*c).ts[0];
            if (software.tv_sec != 0) in.received_at = to_wall_time(software);
        }
    }
    return in;
}

queued_error datagram_socket::error(const receive_batch& batch, std::size_t index) const {
    const auto& b = *batch.buffers_;
    const auto data = bytes_view{b.bytes}.subspan(index * b.bytes_each,
                                                  std::min<std::size_t>(b.headers[index].msg_len, b.bytes_each));
    return read_queued_error(b.headers[index].msg_hdr, data, family_);
}

int datagram_socket::take_error() noexcept {
    return take_pending_error(fd());
}

std::uint32_t datagram_socket::dropped() const noexcept {
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t size = sizeof info;
    if (getsockopt(fd(), SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return 0;
    return size >= (SK_MEMINFO_DROPS + 1) * sizeof(std::uint32_t) ? info[SK_MEMINFO_DROPS] : 0;
}

}  // namespace sonde::socket
