// The first byte chooses the link type, the rest is the frame: dissected with and without checksums, and every field of
// every layer shown.
#include <array>
#include <string>

#include <sonde/wire/dissect.hpp>
#include <sonde/wire/dissect_laws_test.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;

constexpr std::array links{link_type::null_loopback,  link_type::ethernet, link_type::raw_ip,
                           link_type::linux_cooked,   link_type::raw_ipv4, link_type::raw_ipv6,
                           link_type::linux_cooked_v2};

// Whatever bytes somebody takes for a header, its fields are told without a step past their end.
void visit_as_every_protocol(bytes_view bytes) {
    for (std::size_t id = 0; id < wire::protocol_count; ++id) {
        const wire::layer l{.id = static_cast<wire::protocol>(id), .bytes = bytes};
        wire::rig::field_laws laws{bytes};
        wire::visit_fields(l, laws);
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    if (input.empty()) return 0;
    const link_type link = links[std::to_integer<std::size_t>(input.front()) % links.size()];
    const bytes_view frame = input.subspan(1);
    const std::string law = wire::rig::broken_law(link, frame);
    fuzz::require(law.empty(), law.c_str());
    visit_as_every_protocol(frame);
    return 0;
}
