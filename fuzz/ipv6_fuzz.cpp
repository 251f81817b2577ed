#include <vector>

#include <sonde/wire/ipv6.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

void check_view(bytes_view input, const ipv6_view& view) {
    require(fuzz::inside(input, view.bytes()), "the view lies inside");
    require(view.payload().size() + ipv6_header_size == view.bytes().size(), "header and payload are all there is");
    require(view.flow_label() <= 0xfffffU, "the flow label has 20 bits");
    require((view.dscp() << 2 | view.ecn()) == view.traffic_class(), "dscp and ecn make up the traffic class");
    if (const auto upper = view.upper_layer()) {
        require(fuzz::inside(view.payload(), upper->payload), "the upper layer lies inside");
        require(!upper->is_later_fragment() || upper->is_fragment, "a later fragment is a fragment");
    }
}

void check_strict(bytes_view input, const ipv6_view& view) {
    require(view.upper_layer().has_value(), "a strict view's extension headers are well-formed");
    require(view.payload().size() == view.payload_length(), "a strict view is as long as it says");
    const auto lax = ipv6_view::parse_lax(input);
    require(lax.has_value(), "what strict reads, lax reads");
    require(ipv6_message::from(*lax) == ipv6_message::from(view), "strict and lax read the same");

    const ipv6_message message = ipv6_message::from(view);
    std::vector<std::byte> out(message.size());
    require(message.emit(out) == view.bytes().size(), "what was read can be written");
    require(fuzz::same(out, view.bytes()), "emit(parse(x)) == x");
    const auto again = ipv6_view::parse(out);
    require(again.has_value() && ipv6_message::from(*again) == message, "parse(emit(m)) == m");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    if (const auto strict = ipv6_view::parse(input)) check_strict(input, *strict);
    if (const auto lax = ipv6_view::parse_lax(input)) check_view(input, *lax);
    return 0;
}
