#include <ctime>
#include <netinet/in.h>

#include <sonde/socket/control_message.hpp>
#include <sonde/socket/error_queue.hpp>
#include <sonde/socket/family_options.hpp>
#include <sonde/socket/socket_address.hpp>

#include <linux/errqueue.h>

namespace sonde::socket {

namespace {

// Hop limit, where it came in, timestamps, and an extended error with the offender's address.
static_assert(receive_control_size >= CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in6_pktinfo)) +
                                          CMSG_SPACE(sizeof(scm_timestamping)) + CMSG_SPACE(sizeof(timespec)) +
                                          CMSG_SPACE(sizeof(sock_extended_err) + sizeof(sockaddr_in6)));

void read_extended_error(const cmsghdr& c, queued_error& entry) noexcept {
    const auto error = read_control<sock_extended_err>(c);
    entry.error_number = static_cast<int>(error.ee_errno);
    entry.type = error.ee_type;
    entry.code = error.ee_code;
    entry.info = error.ee_info;
    if (error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
        entry.from = queued_error::origin::transmit_timestamp;
        entry.stamp_id = error.ee_data;
    } else if (error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6) {
        entry.from = queued_error::origin::icmp;
        const std::size_t size = c.cmsg_len - CMSG_LEN(0);
        if (size > sizeof error) entry.offender = address_of(CMSG_DATA(&c) + sizeof error, size - sizeof error);
        // The kernel counts from the first byte that it hands over. Whether what is there is sound, the reader checks.
        const std::size_t begin = error.ee_rfc4884.len;
        if (begin != 0 && begin < entry.quoted.size()) {
            entry.extension = entry.quoted.subspan(begin);
            entry.quoted = entry.quoted.first(begin);
        }
    }
}

}  // namespace

bool ask_for_errors(int fd, family f) noexcept {
    const family_options names = options_of(f);
    const int on = 1;
    if (!set_option(fd, names.level, names.receive_error, on)) return false;
    set_option(fd, names.level, names.receive_error_extension, on);  // kernels before 5.9 have none
    return set_option(fd, names.level, names.receive_hop_limit, on);
}

queued_error read_queued_error(const msghdr& message, bytes_view data, family f) noexcept {
    const family_options names = options_of(f);
    msghdr header = message;  // CMSG_NXTHDR wants it so
    queued_error entry;
    entry.quoted = data;
    socket_address destination;
    destination.size = std::min<socklen_t>(header.msg_namelen, sizeof destination.storage);
    if (header.msg_name != nullptr) std::memcpy(destination.data(), header.msg_name, destination.size);
    entry.destination = address_of(destination.data(), destination.size);
    entry.destination_port = port_of(destination);
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
            const timespec software = read_control<scm_timestamping>(*c).ts[0];
            if (software.tv_sec != 0) entry.at = to_wall_time(software);
        } else if (c->cmsg_level == names.level && c->cmsg_type == names.hop_limit) {
            entry.hop_limit = static_cast<std::uint8_t>(read_control<int>(*c));
        } else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
            read_extended_error(*c, entry);
        }
    }
    return entry;
}

}  // namespace sonde::socket
