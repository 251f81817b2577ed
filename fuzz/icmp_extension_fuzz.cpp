// The first byte chooses the family, the rest is an ICMP error, and once more an extension structure by itself.
#include <sonde/wire/icmp_extension.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

void walk(bytes_view structure) {
    const auto view = icmp_extension_view::parse(structure, checksum_check::trust);
    if (!view) return;
    bytes_view rest = view->objects();
    while (!rest.empty()) {
        const std::size_t before = rest.size();
        const auto object = next_icmp_object(rest);
        require(rest.size() < before, "a walk over objects ends");
        if (!object || !*object) break;
        require(fuzz::inside(structure, (*object)->data), "an object lies in its structure");
        bytes_view labels = (*object)->data;
        std::size_t count = 0;
        while (next_mpls_label(labels)) ++count;
        require(count == (*object)->data.size() / 4, "every four bytes are a label");
        const auto information = interface_information::from(**object);
        if (!information) continue;
        require((*object)->is_interface_information(), "what is read as interface information is some");
        require(fuzz::inside((*object)->data, information->name), "a name lies in its object");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    if (input.empty()) return 0;
    const family f = (std::to_integer<unsigned>(input.front()) & 1U) == 0 ? family::v4 : family::v6;
    const bytes_view message = input.subspan(1);
    const icmp_error_parts parts = split_icmp_error(f, message);
    require(fuzz::inside(message, parts.quote) && fuzz::inside(message, parts.extension), "parts lie in the message");
    require(parts.quote.size() + parts.extension.size() == (message.size() < 8 ? 0 : message.size() - 8),
            "quote and extension are the whole body");
    walk(parts.extension);
    walk(message);
    return 0;
}
