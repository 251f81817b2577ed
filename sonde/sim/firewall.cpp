#include <algorithm>
#include <optional>

#include <sonde/sim/firewall.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::sim {

namespace {

std::optional<std::uint16_t> destination_port(bytes_view packet, const packet_facts& facts) noexcept {
    namespace protocol = wire::ip_protocol;
    if (facts.later_fragment || packet.size() < facts.upper + std::size_t{4}) return std::nullopt;
    if (facts.protocol != protocol::tcp && facts.protocol != protocol::udp) return std::nullopt;
    return load_be<std::uint16_t>(packet, facts.upper + std::size_t{2});
}

}  // namespace

const firewall_rule* deciding_rule(std::span<const firewall_rule> rules, bytes_view packet,
                                   const packet_facts& facts) noexcept {
    if (rules.empty()) return nullptr;
    const ip_address source = source_of(packet, facts.family);
    const ip_address destination = destination_of(packet, facts.family);
    const auto port = destination_port(packet, facts);
    const auto found = std::ranges::find_if(rules, [&](const firewall_rule& r) {
        return (!r.protocol || *r.protocol == facts.protocol) && (!r.port || r.port == port) &&
               (!r.source || r.source->contains(source)) && (!r.destination || r.destination->contains(destination));
    });
    return found == rules.end() ? nullptr : &*found;
}

std::uint8_t reject_code(const firewall_rule& rule, family f) noexcept {
    return f == family::v6 && rule.reject_code == 13 ? std::uint8_t{1} : rule.reject_code;
}

}  // namespace sonde::sim
