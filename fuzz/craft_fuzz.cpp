// Packet descriptions: any text is read or refused with a place in it, and what is built is a packet.
#include <algorithm>
#include <string>
#include <string_view>

#include <sonde/craft/answers.hpp>
#include <sonde/craft/builder.hpp>
#include <sonde/wire/dissect.hpp>

#include "fuzz.hpp"

namespace {

using sonde::fuzz::require;
using namespace sonde;

void check_error(const craft::description_error& error, std::string_view text) {
    require(error.column >= 1 && error.column <= text.size() + 1, "an error's column lies in the text, or behind it");
    require(!error.what.empty(), "an error says something");
}

void check_layers(const craft::packet& built, const craft::description& words) {
    require(built.layers.size() == words.layers.size(), "every layer is built");
    std::size_t at = 0;
    for (std::size_t i = 0; i < built.layers.size(); ++i) {
        const auto& layer = built.layers[i];
        require(layer.offset == at, "layers follow one another");
        at += layer.size;
        require(at <= built.bytes.size(), "layers lie in the packet");
        for (const auto& given : words.layers[i].fields) {
            if (given.field->bits > 64) continue;
            require(wire::read_field(built.header(layer), *given.field) == given.value.number,
                    "what is given stays as given");
        }
    }
    require(at == built.bytes.size(), "layers are all of the packet");
}

bool nothing_given(const craft::description& words) {
    return std::ranges::all_of(words.layers, [](const craft::described_layer& layer) {
        return layer.fields.empty() && layer.options.empty();
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto words = craft::description::parse(text);
    if (!words) {
        check_error(words.error(), text);
        return 0;
    }
    const craft::surroundings around{.source = ip_address::v4(0x0a000001)};
    for (const bool kernel : {false, true}) {
        const auto built = craft::build(*words, around, {kernel, kernel, kernel, kernel});
        if (!built) {
            check_error(built.error(), text);
            continue;
        }
        check_layers(*built, *words);
        const bool link = words->layers.front().is(wire::protocol::ethernet);
        const auto as = link ? link_type::ethernet : link_type::raw_ip;
        const auto dissection = wire::dissect(as, built->bytes);
        const bool ip =
            words->layers.front().is(wire::protocol::ipv4) || words->layers.front().is(wire::protocol::ipv6);
        if (!kernel && ip && nothing_given(*words)) {
            require(!dissection.layers().front().problem, "an IP header with its defaults is whole");
        }
        if (const auto asked = craft::question::of(as, built->bytes)) {
            (void)asked->answered_by(dissection, built->bytes);
        }
        require(craft::packet_of_bytes(as, built->bytes).bytes == built->bytes, "bytes stay as they are");
    }
    return 0;
}
