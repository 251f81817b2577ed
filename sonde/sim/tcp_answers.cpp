#include <sonde/sim/random_stream.hpp>
#include <sonde/sim/tcp_answers.hpp>

namespace sonde::sim {

namespace {

namespace flag = wire::tcp_flag;

/// Maximum segment size 1460 (RFC 9293 section 3.7.1).
constexpr std::array<std::byte, 4> mss_option{std::byte{2}, std::byte{4}, std::byte{0x05}, std::byte{0xb4}};

bool has(const wire::tcp_view& segment, std::uint8_t flags) noexcept {
    return (segment.flags() & flags) != 0;
}

/// SEG.LEN: SYN and FIN count.
std::uint32_t length_of(const wire::tcp_view& segment) noexcept {
    return static_cast<std::uint32_t>(segment.payload().size()) + (has(segment, flag::syn) ? 1U : 0U) +
           (has(segment, flag::fin) ? 1U : 0U);
}

wire::tcp_message to_sender(const wire::tcp_view& segment) noexcept {
    return {.source_port = segment.destination_port(), .destination_port = segment.source_port(), .window = 0};
}

/// Section 3.5.2, group 1.
wire::tcp_message reset(const wire::tcp_view& segment) noexcept {
    wire::tcp_message m = to_sender(segment);
    if (has(segment, flag::ack)) {
        m.sequence_number = segment.acknowledgment_number();
        m.flags = flag::rst;
    } else {
        m.acknowledgment_number = segment.sequence_number() + length_of(segment);
        m.flags = flag::rst | flag::ack;
    }
    return m;
}

wire::tcp_message acknowledge(const wire::tcp_view& segment, std::uint32_t sequence, std::uint8_t more) noexcept {
    wire::tcp_message m = to_sender(segment);
    m.sequence_number = sequence;
    m.acknowledgment_number = segment.sequence_number() + length_of(segment);
    m.flags = static_cast<std::uint8_t>(flag::ack | more);
    m.window = 65535;
    return m;
}

}  // namespace

std::uint32_t initial_sequence(std::uint64_t key, const wire::pseudo_header& addresses,
                               const wire::tcp_view& segment) noexcept {
    std::uint64_t hash = key ^ (std::uint64_t{segment.source_port()} << 16 | segment.destination_port());
    for (const ip_address* a : {&addresses.source, &addresses.destination}) {
        for (const std::size_t at : {0U, 8U}) hash = mixed(hash) ^ load_be<std::uint64_t>(a->mapped_bytes(), at);
    }
    return static_cast<std::uint32_t>(mixed(hash));
}

std::optional<wire::tcp_message> tcp_answer(const wire::tcp_view& segment, port_state port,
                                            std::uint32_t isn) noexcept {
    if (port == port_state::filtered || has(segment, flag::rst)) return std::nullopt;
    if (port == port_state::closed) return reset(segment);
    if (has(segment, flag::syn)) {
        if (has(segment, flag::ack)) return reset(segment);
        // What data a SYN has is not acknowledged, and so comes again (RFC 9293 section 3.4).
        wire::tcp_message m = acknowledge(segment, isn, flag::syn);
        m.acknowledgment_number = segment.sequence_number() + 1;
        m.options = mss_option;
        return m;
    }
    if (!has(segment, flag::ack)) return std::nullopt;
    const std::uint32_t acknowledged = segment.acknowledgment_number() - isn;
    const bool says_something = length_of(segment) != 0;
    // 1: the SYN is acknowledged; 2: the FIN is, too.
    if (acknowledged != 1 && acknowledged != 2) return reset(segment);
    if (!says_something) return std::nullopt;
    return acknowledge(segment, isn + acknowledged, acknowledged == 1 ? flag::fin : std::uint8_t{0});
}

}  // namespace sonde::sim
