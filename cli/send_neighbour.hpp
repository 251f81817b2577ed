// Who on a link has an address: what the kernel asks for its own packets, asked for those that the link door sends.
#pragma once

#include <optional>
#include <vector>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/craft/description.hpp>
#include <sonde/socket/interface.hpp>

namespace sonde::cli {

/// Three ARP requests or neighbour solicitations (RFC 826, RFC 4861 section 7.2) 300 ms apart; blocks until the answer,
/// a second at most. Nothing when nobody answers. `tags` are the VLAN layers that the question goes under, outermost
/// first; only answers of the outermost one's VLAN count. Needs CAP_NET_RAW, raised around the opening alone, and
/// changes nothing on this machine. The failure says that nothing could be sent.
[[nodiscard]] result<std::optional<mac_address>> ask_for_neighbour(const socket::network_interface& interface,
                                                                   const ip_address& neighbour,
                                                                   const std::vector<craft::described_layer>& tags);

/// The frame that asks, Ethernet header included; `source` may be `::` when this machine has no address there.
[[nodiscard]] std::vector<std::byte> neighbour_question(const socket::network_interface& interface,
                                                        const ip_address& neighbour, const ip_address& source,
                                                        const std::vector<craft::described_layer>& tags);

/// What a received frame (without VLAN tags) says of the neighbour's link address: an ARP reply from it, or its
/// neighbour advertisement; nothing when it is neither.
[[nodiscard]] std::optional<mac_address> neighbour_answer(bytes_view frame, const ip_address& neighbour) noexcept;

}  // namespace sonde::cli
