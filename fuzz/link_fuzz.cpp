// Ethernet with its tags, and ARP: the first byte says which.
#include <sonde/wire/arp.hpp>
#include <sonde/wire/ethernet.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

void check_ethernet(bytes_view input) {
    const auto view = ethernet_view::parse(input);
    require(view.has_value() || input.size() < ethernet_header_size + vlan_tags_max * vlan_tag_size,
            "a frame fails by its length only");
    if (!view) return;
    require(view->tag_count() <= vlan_tags_max, "a frame has four tags at most");
    require(fuzz::inside(input, view->payload()), "the payload lies inside");
    const auto message = ethernet_message::from(*view);
    require(fuzz::same(fuzz::emitted(message), input), "emit(parse(x)) == x");
}

void check_arp(bytes_view input) {
    const auto view = arp_view::parse(input);
    if (!view) return;
    require(fuzz::inside(input, view->bytes()) && view->bytes().size() == arp_packet_size, "the view lies inside");
    const auto message = arp_message::from(*view);
    require(!(message.is_probe() && message.is_announcement()), "a probe does not announce");
    std::vector<std::byte> out(arp_packet_size);
    require(message.emit(out) == arp_packet_size, "what was read can be written");
    require(fuzz::same(out, view->bytes()), "emit(parse(x)) == x");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    if (input.empty()) return 0;
    if ((load_be<std::uint8_t>(input, 0) & 1U) == 0) {
        check_ethernet(input.subspan(1));
    } else {
        check_arp(input.subspan(1));
    }
    return 0;
}
