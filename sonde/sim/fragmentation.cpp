#include <algorithm>

#include <sonde/sim/fragmentation.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>

namespace sonde::sim {

namespace {

constexpr std::uint8_t copied = 0x80;  // of an option's kind: it goes into every fragment

/// The options of fragments other than the first.
std::vector<std::byte> copied_options(bytes_view options) {
    std::vector<std::byte> out;
    bytes_view rest = options;
    while (!rest.empty()) {
        const bytes_view before = rest;
        const auto option = wire::next_ipv4_option(rest);
        if (!option || !*option) break;
        if (((*option)->kind & copied) == 0) continue;
        const auto whole = before.first(before.size() - rest.size());
        out.insert(out.end(), whole.begin(), whole.end());
    }
    while (out.size() % 4 != 0) out.push_back(std::byte{0});
    return out;
}

}  // namespace

fragment_fields read_fragment(bytes_view packet, const packet_facts& facts) noexcept {
    if (facts.family == family::v4) {
        const auto flags = load_be<std::uint16_t>(packet, 6);
        return {.identification = load_be<std::uint16_t>(packet, 4),
                .offset = (flags & 0x1fffU) * 8U,
                .more = (flags & 0x2000U) != 0,
                .data = facts.upper};
    }
    fragment_fields f{.announced_at = 6};
    auto next = load_be<std::uint8_t>(packet, 6);
    bytes_view rest = packet.subspan(wire::ipv6_header_size);
    for (;;) {
        const auto here = static_cast<std::uint32_t>(packet.size() - rest.size());
        const auto extension = wire::next_ipv6_extension(next, rest);
        if (!extension || !*extension) return f;
        if ((*extension)->kind == wire::ipv6_extension::fragment) {
            const auto view = wire::ipv6_fragment_view::parse((*extension)->bytes);
            if (!view) return f;
            f.identification = view->identification();
            f.offset = view->fragment_offset() * 8U;
            f.more = view->more_fragments();
            f.header = here;
            f.data = here + static_cast<std::uint32_t>(wire::ipv6_fragment_header_size);
            return f;
        }
        f.announced_at = here;
        next = (*extension)->next_header;
    }
}

fragmenter::fragmenter(bytes_view packet, const packet_facts& facts, std::size_t mtu, std::uint32_t identification)
    : packet_(packet), facts_(facts), identification_(identification), header_(facts.upper) {
    std::size_t overhead = header_;
    if (facts.family == family::v4) {
        later_options_ = copied_options(packet.subspan(wire::ipv4_header_size, header_ - wire::ipv4_header_size));
    } else {
        overhead += wire::ipv6_fragment_header_size;
    }
    if (mtu > overhead) step_ = (mtu - overhead) / 8 * 8;
}

std::size_t fragmenter::count() const noexcept {
    return step_ == 0 ? 0 : std::max<std::size_t>(1, (data_size() + step_ - 1) / step_);
}

std::size_t fragmenter::write(std::size_t index, bytes_span out) const noexcept {
    const std::size_t at = index * step_;
    const bytes_view data = packet_.subspan(header_ + at, std::min(step_, data_size() - at));
    const bool last = at + data.size() == data_size();
    if (facts_.family == family::v4) return write_v4(at, data, last, out);
    const wire::ipv6_fragment_message fragment{.next_header = load_be<std::uint8_t>(packet_, 6),
                                               .fragment_offset = static_cast<std::uint16_t>(at / 8),
                                               .more_fragments = !last,
                                               .identification = identification_};
    const std::size_t size = wire::ipv6_fragment_header_size + data.size();
    std::ranges::copy(packet_.first(header_), out.begin());
    store_be(out, 4, static_cast<std::uint16_t>(size));
    store_be(out, 6, static_cast<std::uint8_t>(wire::ipv6_extension::fragment));
    fragment.emit(out.subspan(header_));
    std::ranges::copy(data, out.subspan(header_ + wire::ipv6_fragment_header_size).begin());
    return header_ + size;
}

/// A fragment may be cut again: its own offset and its own "more" go on.
std::size_t fragmenter::write_v4(std::size_t at, bytes_view data, bool last, bytes_span out) const noexcept {
    const auto view = wire::ipv4_view::parse_lax(packet_);
    if (!view) return 0;
    wire::ipv4_message m = wire::ipv4_message::from(*view);
    m.payload = data;
    m.more_fragments = m.more_fragments || !last;
    if (at > 0) m.options = later_options_;
    m.fragment_offset = static_cast<std::uint16_t>(m.fragment_offset + at / 8);
    return m.emit(out, wire::checksum_fill::compute);
}

}  // namespace sonde::sim
