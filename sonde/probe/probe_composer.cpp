#include <algorithm>
#include <array>

#include <sonde/probe/probe_composer.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/tcp_options.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::probe {

namespace {

// Sums of one's complement are numbers modulo 65535, and 0 is written in two ways: 1 to 65534 are unambiguous.
constexpr std::uint32_t sums = 65534;

constexpr std::size_t ip_header_size(family f) noexcept {
    return f == family::v4 ? wire::ipv4_header_size : wire::ipv6_header_size;
}

wire::tcp_options syn_options(family f) noexcept {
    const auto segment = static_cast<std::uint16_t>(1500 - ip_header_size(f) - wire::tcp_header_size);
    return {.maximum_segment_size = segment, .window_scale = std::uint8_t{7}, .sack_permitted = true};
}

// What is to be added to `sum` to make it `wanted`.
std::uint16_t balance(std::uint16_t wanted, std::uint16_t sum) noexcept {
    const std::uint32_t difference = std::uint32_t{wanted} + 65535U - sum;
    return static_cast<std::uint16_t>(difference % 65535U);
}

bytes_view compose_icmp(const token_key& key, const probe_image& image, bool computes_checksum,
                        bytes_span buffer) noexcept {
    const bytes_span payload = buffer.subspan(wire::icmp_header_size, image.payload_size());
    write_payload(key, image, payload);
    const wire::icmp_echo_message message{
        .reply = false, .identifier = image.identifier, .sequence = image.number(), .payload = payload};
    const bytes_span written = buffer.first(message.emit(image.family, buffer, wire::checksum_fill::leave));
    if (computes_checksum) store_be(written, 2, static_cast<std::uint16_t>(~icmp_sum(image.flow)));
    return written;
}

bytes_view compose_syn(const token_key& key, const probe_image& image, bytes_span buffer) noexcept {
    std::array<std::byte, wire::tcp_options_max> options{};
    const std::size_t size = syn_options(image.family).emit(options);
    const wire::tcp_message message{.source_port = tcp_source_port(image.identifier, image.flow),
                                    .destination_port = image.port,
                                    .sequence_number = tcp_sequence(key, image.serial, image.lane),
                                    .flags = wire::tcp_flag::syn,
                                    .window = 64240,
                                    .options = bytes_view{options}.first(size)};
    return buffer.first(message.emit(buffer, wire::checksum_fill::leave));
}

}  // namespace

std::size_t probe_image::payload_size() const noexcept {
    return size - ip_header_size(family) - wire::udp_header_size;  // ICMP's header is as long
}

std::uint16_t packet_size(lane_kind kind, family f, std::uint16_t wanted) noexcept {
    const std::size_t header = ip_header_size(f);
    if (kind == lane_kind::tcp_raw || kind == lane_kind::tcp_connect) {
        return static_cast<std::uint16_t>(header + wire::tcp_header_size + syn_options(f).size());
    }
    if (wanted == 0) return static_cast<std::uint16_t>(header + 40);
    return static_cast<std::uint16_t>(std::max<std::size_t>(wanted, header + wire::udp_header_size + 2));
}

std::uint16_t udp_sum(std::uint16_t number) noexcept {
    return static_cast<std::uint16_t>(1U + number % sums);
}

std::optional<std::uint16_t> number_of_udp_sum(std::uint16_t sum) noexcept {
    if (sum == 0 || sum > sums) return std::nullopt;
    return static_cast<std::uint16_t>(sum - 1U);
}

std::uint16_t icmp_sum(std::uint16_t flow) noexcept {
    return static_cast<std::uint16_t>(1U + (0x5a5aU + flow) % sums);
}

std::uint16_t tcp_source_port(std::uint16_t identifier, std::uint16_t flow) noexcept {
    constexpr std::uint32_t privileged = 1024;
    if (identifier < privileged) return identifier;
    return static_cast<std::uint16_t>(privileged + (identifier - privileged + flow) % (65536U - privileged));
}

std::uint32_t tcp_sequence(const token_key& key, std::uint64_t serial, std::uint32_t lane) noexcept {
    std::array<std::byte, token_key::code_size> code{};
    key.write(code, {serial, lane});
    return (std::uint32_t{load_be<std::uint16_t>(code, 0)} << 16) | static_cast<std::uint16_t>(serial);
}

void write_payload(const token_key& key, const probe_image& image, bytes_span out) noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(0x40 + i % 0x40);
    const std::size_t at = image.balance_at();
    key.write(out.first(at), {image.serial, image.lane});
    store_be(out, at, std::uint16_t{0});
    const std::uint16_t sum = wire::ones_complement_sum(out);
    if (image.kind == lane_kind::udp) {
        store_be(out, at, balance(udp_sum(image.number()), sum));
        return;
    }
    std::array<std::byte, wire::icmp_header_size> header{};
    (void)wire::icmp_echo_message{.reply = false, .identifier = image.identifier, .sequence = image.number()}.emit(
        image.family, header, wire::checksum_fill::leave);
    store_be(out, at, balance(icmp_sum(image.flow), wire::ones_complement_sum(header, sum)));
}

bytes_view compose_probe(const token_key& key, const probe_image& image, bool computes_checksum,
                         bytes_span buffer) noexcept {
    switch (image.kind) {
        case lane_kind::udp:
            write_payload(key, image, buffer.first(image.payload_size()));
            return buffer.first(image.payload_size());
        case lane_kind::icmp:
            return compose_icmp(key, image, computes_checksum, buffer);
        case lane_kind::tcp_raw:
            return compose_syn(key, image, buffer);
        case lane_kind::tcp_connect:
            return {};
    }
    return {};
}

}  // namespace sonde::probe
