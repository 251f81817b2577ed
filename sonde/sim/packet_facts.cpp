#include <sonde/sim/packet_facts.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>

namespace sonde::sim {

namespace {

std::optional<packet_reading> read_v4(bytes_view bytes) noexcept {
    const auto view = wire::ipv4_view::parse(bytes, wire::checksum_check::verify);
    if (!view) return std::nullopt;
    return packet_reading{.facts = {.family = family::v4,
                                    .protocol = view->protocol(),
                                    .upper = static_cast<std::uint16_t>(view->header_size()),
                                    .fragment = view->is_fragment(),
                                    .later_fragment = view->fragment_offset() != 0},
                          .size = view->total_length()};
}

std::optional<packet_reading> read_v6(bytes_view bytes) noexcept {
    const auto view = wire::ipv6_view::parse(bytes);
    if (!view || view->source().is_v4() || view->destination().is_v4()) return std::nullopt;
    const auto upper = view->upper_layer();
    if (!upper) return std::nullopt;
    const std::size_t size = view->bytes().size();
    // The longest payload and its header are above what 16 bits can say.
    if (size - upper->payload.size() > 0xffffU) return std::nullopt;
    return packet_reading{.facts = {.family = family::v6,
                                    .protocol = upper->protocol,
                                    .upper = static_cast<std::uint16_t>(size - upper->payload.size()),
                                    .fragment = upper->is_fragment,
                                    .later_fragment = upper->is_later_fragment()},
                          .size = static_cast<std::uint32_t>(size)};
}

}  // namespace

std::optional<packet_reading> read_packet(bytes_view bytes) noexcept {
    if (bytes.empty()) return std::nullopt;
    const unsigned version = std::to_integer<unsigned>(bytes.front()) >> 4;
    if (version == 4) return read_v4(bytes);
    if (version == 6) return read_v6(bytes);
    return std::nullopt;
}

}  // namespace sonde::sim
