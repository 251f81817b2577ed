#include <cstring>

#include <sonde/wire/icmp.hpp>

namespace sonde::wire {

// RFC 4443 section 2.1: an ICMPv6 error is a type below 128, also one that no RFC has named yet (section 2.4 (a): those
// too go to whoever sent the datagram). ICMPv6's redirect is no error: what it quotes stands in an option.
bool is_icmp_error(family f, std::uint8_t type) noexcept {
    if (f == family::v6) return type < 128;
    const icmp_types types = icmp_types_of(f);
    return type == types.destination_unreachable || type == types.time_exceeded || type == types.parameter_problem ||
           type == types.source_quench || type == types.redirect;
}

bool is_final_icmp_error(family f, std::uint8_t type) noexcept {
    const icmp_types types = icmp_types_of(f);
    return is_icmp_error(f, type) && type != types.source_quench && type != types.redirect;
}

parsed<icmp_view> icmp_view::parse(bytes_view message, checksum_check check, icmp_checksum sum) noexcept {
    if (message.size() < icmp_header_size) return parse_error::truncated;
    if (check == checksum_check::verify && internet_checksum(message, sum.pseudo_sum) != 0) {
        return parse_error::bad_checksum;
    }
    return icmp_view{message};
}

std::size_t icmp_echo_message::emit(family f, bytes_span out, checksum_fill fill, icmp_checksum sum) const noexcept {
    if (out.size() < size()) return 0;
    out = out.first(size());
    // The payload first, and with memmove: it may stand in `out` already, at its place or not.
    if (!payload.empty()) std::memmove(out.data() + icmp_header_size, payload.data(), payload.size());

    const icmp_types types = icmp_types_of(f);
    store_be(out, 0, static_cast<std::uint8_t>(reply ? types.echo_reply : types.echo_request));
    store_be(out, 1, std::uint8_t{0});
    store_be(out, 2, std::uint16_t{0});
    store_be(out, 4, identifier);
    store_be(out, 6, sequence);
    if (fill == checksum_fill::compute) store_be(out, 2, internet_checksum(out, sum.pseudo_sum));
    return out.size();
}

parsed<icmp_echo_message> icmp_echo_message::from(family f, const icmp_view& view) noexcept {
    const icmp_types types = icmp_types_of(f);
    if (view.type() != types.echo_request && view.type() != types.echo_reply) return parse_error::wrong_type;
    return icmp_echo_message{.reply = view.type() == types.echo_reply,
                             .identifier = load_be<std::uint16_t>(view.bytes(), 4),
                             .sequence = load_be<std::uint16_t>(view.bytes(), 6),
                             .payload = view.body()};
}

std::uint32_t icmp_error_info(family f, const icmp_view& error) noexcept {
    const icmp_types types = icmp_types_of(f);
    constexpr std::uint8_t fragmentation_needed = 4;
    if (f == family::v6) {
        return error.type() == types.packet_too_big || error.type() == types.parameter_problem ? error.rest() : 0;
    }
    if (error.type() == types.destination_unreachable && error.code() == fragmentation_needed) {
        return error.rest() & 0xffffU;
    }
    return error.type() == types.parameter_problem ? error.rest() >> 24 : 0;
}

}  // namespace sonde::wire
