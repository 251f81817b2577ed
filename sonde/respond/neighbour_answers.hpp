// The questions that come before an echo request: who has this address? (ARP, RFC 826; neighbour discovery, RFC 4861.)
#pragma once

#include <cstddef>

#include <sonde/respond/address_book.hpp>
#include <sonde/respond/echo_responder.hpp>
#include <sonde/respond/frame_request.hpp>

namespace sonde::respond {

/// What the answers to them need to know.
struct neighbour_policy {
    const address_book& book;
    mac_address mac;
    bool defend_prefixes = false;
};

/// To an ARP packet.
[[nodiscard]] echo_responder::answer answer_arp(const neighbour_policy& policy, const link_part& link, const heard& h,
                                                bytes_span out);

/// To a neighbour solicitation: `d` is one by its type, and not a fragment.
[[nodiscard]] echo_responder::answer answer_solicitation(const neighbour_policy& policy, const link_part& link,
                                                         const icmp_datagram& d, const heard& h, bytes_span out);

}  // namespace sonde::respond
