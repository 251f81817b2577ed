// What IPv4 and IPv6 sockets call differently: the option numbers of one family as data, so that no code has a twin.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <sonde/base/ip_address.hpp>

namespace sonde::socket {

struct family_options {
    int domain;
    int icmp_protocol;
    int level;              // of the options below, and of their control messages
    int receive_hop_limit;  // option that asks for the control message `hop_limit`
    int hop_limit;
    int traffic_class;
    int packet_info;
    int receive_error;
    int mtu_discover;
    int receive_packet_info;  // option that asks for the control message `packet_info`
    int header_included;
    int send_hop_limit;           // option for all that is sent
    int receive_error_extension;  // RFC 4884's structures of ICMP errors
};

[[nodiscard]] constexpr family_options options_of(family f) noexcept {
    return f == family::v4
               ? family_options{AF_INET,    IPPROTO_ICMP, IPPROTO_IP,        IP_RECVTTL,      IP_TTL,
                                IP_TOS,     IP_PKTINFO,   IP_RECVERR,        IP_MTU_DISCOVER, IP_PKTINFO,
                                IP_HDRINCL, IP_TTL,       IP_RECVERR_RFC4884}
               : family_options{
                     AF_INET6,     IPPROTO_ICMPV6,    IPPROTO_IPV6,        IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT,
                     IPV6_TCLASS,  IPV6_PKTINFO,      IPV6_RECVERR,        IPV6_MTU_DISCOVER, IPV6_RECVPKTINFO,
                     IPV6_HDRINCL, IPV6_UNICAST_HOPS, IPV6_RECVERR_RFC4884};
}

}  // namespace sonde::socket
