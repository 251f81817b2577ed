#include <vector>

#include <sonde/wire/ipv4.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

void walk_options(const ipv4_view& view, bool strict) {
    bytes_view rest = view.options();
    while (!rest.empty()) {
        const std::size_t before = rest.size();
        const auto option = next_ipv4_option(rest);
        require(rest.size() < before, "a walk over options moves on");
        require(option.has_value() || rest.empty(), "a walk over options ends at an error");
        require(option.has_value() || !strict, "a strict view's options are well-formed");
        if (option && *option) require(fuzz::inside(view.options(), (*option)->data), "an option lies inside");
    }
}

void check_view(bytes_view input, const ipv4_view& view) {
    require(view.ihl() >= 5, "ihl is 5 to 15");
    require(fuzz::inside(input, view.bytes()), "the view lies inside");
    require(fuzz::inside(view.bytes(), view.options()), "the options lie inside");
    require(fuzz::inside(view.bytes(), view.payload()), "the payload lies inside");
    require(view.header_size() + view.payload().size() == view.bytes().size(), "header and payload are all there is");
    require(view.source().is_v4() && view.destination().is_v4(), "the addresses are IPv4");
    require((view.dscp() << 2 | view.ecn()) == view.tos(), "dscp and ecn make up the tos");
}

void check_strict(bytes_view input, const ipv4_view& view) {
    check_view(input, view);
    walk_options(view, true);
    require(view.bytes().size() == view.total_length(), "a strict view is as long as it says");
    const auto lax = ipv4_view::parse_lax(input);
    require(lax.has_value(), "what strict reads, lax reads");
    require(ipv4_message::from(*lax) == ipv4_message::from(view), "strict and lax read the same");

    const ipv4_message message = ipv4_message::from(view);
    std::vector<std::byte> out(message.size());
    require(message.emit(out, checksum_fill::compute) == view.bytes().size(), "what was read can be written");
    const auto again = ipv4_view::parse(out, checksum_check::verify);
    require(again.has_value() && ipv4_message::from(*again) == message, "parse(emit(m)) == m");
    if (ipv4_view::parse(input, checksum_check::verify)) {
        // 0x0000 and 0xffff are the same sum; every other field comes back to the bit.
        store_be(out, 10, view.checksum());
        require(fuzz::same(out, view.bytes()), "emit(parse(x)) == x");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    const auto strict = ipv4_view::parse(input, checksum_check::trust);
    if (strict) check_strict(input, *strict);
    require(strict.has_value() || !ipv4_view::parse(input, checksum_check::verify),
            "verify accepts no more than trust");
    if (const auto lax = ipv4_view::parse_lax(input)) {
        check_view(input, *lax);
        walk_options(*lax, false);
    }
    return 0;
}
