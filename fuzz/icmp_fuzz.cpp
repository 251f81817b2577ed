// The first byte chooses the family and whether the checksum is made right first, the next two are the pseudo-header's
// sum.
#include <vector>

#include <sonde/wire/icmp.hpp>
#include <sonde/wire/icmp_names.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

constexpr std::size_t choices = 3;

void check_echo(family f, const icmp_view& view, icmp_checksum sum) {
    const auto echo = icmp_echo_message::from(f, view);
    if (!echo) {
        require(echo.error() == parse_error::wrong_type, "an echo message fails by its type only");
        return;
    }
    require(!is_icmp_error(f, view.type()), "an echo message is no error");
    require(fuzz::inside(view.bytes(), echo->payload), "the payload lies inside");
    std::vector<std::byte> out(echo->size());
    require(echo->emit(f, out, checksum_fill::compute, sum) == view.bytes().size(), "what was read can be written");
    require(icmp_view::parse(out, checksum_check::verify, sum).has_value(), "what was written has a right checksum");
    // The code is no part of the meaning, and with it the checksum may differ.
    store_be(out, 1, view.code());
    store_be(out, 2, view.checksum());
    require(fuzz::same(out, view.bytes()), "emit(parse(x)) == x");
}

void check_error(family f, const icmp_view& view) {
    require(!icmp_error_name(f, view.type(), view.code()).empty(), "every error has a name");
    require(!icmp_error_text(f, view.type(), view.code(), view.rest()).empty(), "every error has a text");
    require(!is_final_icmp_error(f, view.type()) || is_icmp_error(f, view.type()), "a final error is an error");
    if (!is_icmp_error(f, view.type())) return;
    if (f == family::v4) {
        const auto quoted = ipv4_view::parse_lax(view.body());
        if (quoted) require(fuzz::inside(view.body(), quoted->payload()), "the quoted payload lies inside");
    } else if (const auto quoted = ipv6_view::parse_lax(view.body())) {
        const auto upper = quoted->upper_layer();
        if (upper) require(fuzz::inside(view.body(), upper->payload), "the quoted upper layer lies inside");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    if (input.size() < choices) return 0;
    const auto choice = load_be<std::uint8_t>(input, 0);
    const family f = (choice & 1U) != 0 ? family::v6 : family::v4;
    const icmp_checksum sum{load_be<std::uint16_t>(input, 1)};

    std::vector<std::byte> message(input.begin() + choices, input.end());
    if ((choice & 2U) != 0 && message.size() >= icmp_header_size) {
        store_be(message, 2, std::uint16_t{0});
        store_be(message, 2, internet_checksum(message, sum.pseudo_sum));
        require(icmp_view::parse(message, checksum_check::verify, sum).has_value(), "a computed checksum is right");
    }
    const auto view = icmp_view::parse(message, checksum_check::trust, sum);
    require(view.has_value() == (message.size() >= icmp_header_size), "eight bytes are a message");
    if (!view) return 0;
    check_echo(f, *view, sum);
    check_error(f, *view);
    return 0;
}
