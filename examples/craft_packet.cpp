// Describes a packet in words, builds it, says who wrote which field, and sends it through a raw socket.
#include <cstdio>

#include <sonde/craft/builder.hpp>
#include <sonde/socket/raw_socket.hpp>

int main() {
    using namespace sonde;

    // What is given stays as given, this wrong checksum too. All else is filled in.
    const auto words = craft::description::parse("ip(dst=127.0.0.1, chksum=0xdead)/icmp(echo, id=7, seq=1)/\"hello\"");
    if (!words) {
        std::fprintf(stderr, "column %zu: %s\n", words.error().column, words.error().what.c_str());
        return 1;
    }
    const auto packet = craft::build(*words, {.source = ip_address::v4(0x7f000001)});
    if (!packet) return 1;

    for (const auto& layer : packet->layers) {
        if (layer.layout == nullptr) continue;
        for (const auto& [field, by] : layer.fields) {
            const auto value = wire::read_field(packet->header(layer), *field).value_or(0);
            std::printf("%.*s.%.*s = %llu (%s)\n", static_cast<int>(layer.layout->name.size()),
                        layer.layout->name.data(), static_cast<int>(field->name.size()), field->name.data(),
                        static_cast<unsigned long long>(value), by == craft::author::user ? "you" : "sonde");
        }
    }

    auto socket = socket::raw_socket::open({.header_included = true});
    if (!socket) {
        std::fprintf(stderr, "%s\n%s\n", socket.error().what.c_str(), socket.error().remedy.c_str());
        return 77;  // not allowed here
    }
    const bytes_view whole{packet->bytes};
    if (const auto sent = socket->send(std::span{&whole, 1}, ip_address::v4(0x7f000001)); !sent) {
        std::fprintf(stderr, "%s\n", sent.error().what.c_str());
        return 1;
    }
    std::printf("%zu bytes sent\n", whole.size());
    return 0;
}
