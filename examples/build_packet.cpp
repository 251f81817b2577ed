// A TCP SYN built from its innermost layer outwards, and read back. Nothing is sent.
#include <array>
#include <iomanip>
#include <iostream>

#include <sonde/wire/ethernet.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/tcp_options.hpp>

using namespace sonde::wire;

namespace {

void print_hex(sonde::bytes_view bytes) {
    std::cout << std::hex << std::setfill('0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::cout << std::setw(2) << std::to_integer<unsigned>(bytes[i]) << (i % 16 == 15 ? '\n' : ' ');
    }
    std::cout << std::dec << '\n';
}

}  // namespace

int main() {
    const auto source = sonde::ip_address::parse("192.0.2.1").value();
    const auto destination = sonde::ip_address::parse("198.51.100.7").value();

    // Every message writes itself into memory of yours; what it returns is the number of bytes.
    std::array<std::byte, 4> options{};
    const std::size_t options_size = tcp_options{.maximum_segment_size = 1460}.emit(options);
    const tcp_message tcp{.source_port = 40000,
                          .destination_port = 80,
                          .sequence_number = 1,
                          .flags = tcp_flag::syn,
                          .options = sonde::bytes_view{options}.first(options_size)};
    std::array<std::byte, 24> segment{};
    const std::size_t segment_size = tcp.emit(segment, checksum_fill::compute, {source, destination});

    const ipv4_message ip{.protocol = ip_protocol::tcp,
                          .source = source,
                          .destination = destination,
                          .payload = sonde::bytes_view{segment}.first(segment_size)};
    std::array<std::byte, 44> datagram{};
    const std::size_t datagram_size = ip.emit(datagram, checksum_fill::compute);

    const ethernet_message ethernet{.destination = sonde::mac_address::parse("02:00:00:00:00:02").value(),
                                    .source = sonde::mac_address::parse("02:00:00:00:00:01").value(),
                                    .ethertype = ethertype::ipv4,
                                    .payload = sonde::bytes_view{datagram}.first(datagram_size)};
    std::array<std::byte, 58> frame{};
    print_hex(sonde::bytes_view{frame}.first(ethernet.emit(frame)));

    // The way back. A view that exists is valid; if there is none, its error says which field is wrong.
    const auto outer = ethernet_view::parse(frame);
    if (!outer) return 1;
    const auto inner = ipv4_view::parse(outer->payload(), checksum_check::verify);
    if (!inner) return 1;
    const auto syn = tcp_view::parse(inner->payload(), checksum_check::verify, {inner->source(), inner->destination()});
    if (!syn) {
        std::cerr << to_string(syn.error()) << '\n';
        return 1;
    }
    std::cout << inner->source().to_string() << " port " << syn->source_port() << " to "
              << inner->destination().to_string() << " port " << syn->destination_port() << ", maximum segment size "
              << tcp_options::from(syn->options()).value().maximum_segment_size.value_or(0) << '\n';
    return tcp_message::from(*syn) == tcp ? 0 : 1;
}
