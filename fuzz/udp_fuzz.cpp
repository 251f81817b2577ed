#include <sonde/wire/udp.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

/// The family changes nothing but the checksum.
void check_round_trip(const udp_view& view, const pseudo_header& addresses) {
    const auto message = udp_message::from(view);
    auto out = fuzz::emitted(message, checksum_fill::compute, addresses);
    require(load_be<std::uint16_t>(out, 6) != 0, "a computed checksum is never that of none");
    const auto again = udp_view::parse(out, checksum_check::verify, addresses);
    require(again.has_value() && udp_message::from(*again) == message, "parse(emit(m)) == m");
    store_be(out, 6, view.checksum());
    require(fuzz::same(out, view.bytes()), "emit(parse(x)) == x");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    const auto view = udp_view::parse(input, checksum_check::trust);
    const auto lax = udp_view::parse_lax(input);
    require(lax.has_value() == (input.size() >= udp_header_size), "eight bytes are a quoted datagram");
    if (lax) require(fuzz::inside(input, lax->payload()), "the quoted payload lies inside");
    if (!view) return 0;
    require(udp_message::from(*lax) == udp_message::from(*view), "strict and lax read the same");
    require(view->bytes().size() == view->length(), "a view is as long as it says");
    check_round_trip(*view, {ip_address::v4(0xc0000201), ip_address::v4(0xc0000202)});
    check_round_trip(*view, {});
    return 0;
}
