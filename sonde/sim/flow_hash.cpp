#include <sonde/sim/flow_hash.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::sim {

namespace {

/// What the upper layer adds; 0 where it has nothing or is cut short.
std::uint32_t upper_key(bytes_view packet, const packet_facts& facts) noexcept {
    if (facts.fragment) return 0;
    const bytes_view upper = packet.subspan(facts.upper);
    namespace protocol = wire::ip_protocol;
    if (facts.protocol == protocol::tcp || facts.protocol == protocol::udp) {
        return upper.size() < 4 ? 0 : load_be<std::uint32_t>(upper, 0);
    }
    const bool icmp = facts.protocol == (facts.family == family::v4 ? protocol::icmp : protocol::icmpv6);
    if (!icmp || upper.size() < wire::icmp_header_size) return 0;
    return std::uint32_t{load_be<std::uint16_t>(upper, 2)} << 16 | load_be<std::uint16_t>(upper, 4);
}

}  // namespace

std::uint64_t flow_hash(bytes_view packet, const packet_facts& facts) noexcept {
    std::uint64_t hash = (std::uint64_t{upper_key(packet, facts)} << 8) | facts.protocol;
    if (facts.family == family::v4) return mixed(mixed(hash) ^ load_be<std::uint64_t>(packet, 12));
    hash |= std::uint64_t{load_be<std::uint32_t>(packet, 0) & 0xf'ffffU} << 40;
    for (std::size_t at = 8; at < 40; at += 8) hash = mixed(hash) ^ load_be<std::uint64_t>(packet, at);
    return mixed(hash);
}

}  // namespace sonde::sim
