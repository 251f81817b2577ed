#include <algorithm>

#include <cli/send_watch.hpp>

#include <sonde/wire/protocol.hpp>

namespace sonde::cli {

namespace {

constexpr std::size_t ipv4_header_size = 20;
constexpr std::size_t tag_at = 12;
constexpr std::size_t tag_size = 4;

struct byte_range {
    std::size_t begin;
    std::size_t end;
};

bool equal(bytes_view a, bytes_view b, byte_range range) noexcept {
    if (range.begin >= range.end) return true;
    return std::ranges::equal(a.subspan(range.begin, range.end - range.begin),
                              b.subspan(range.begin, range.end - range.begin));
}

bool is_v4(bytes_view packet) noexcept {
    return !packet.empty() && load_be<std::uint8_t>(packet, 0) >> 4U == 4;
}

/// FNV-1a, of what is there of the range.
void hash(std::uint64_t& value, bytes_view bytes, byte_range range) noexcept {
    for (std::size_t i = range.begin; i < std::min(range.end, bytes.size()); ++i)
        value = (value ^ load_be<std::uint8_t>(bytes, i)) * 0x100000001b3U;
}

/// Over no more than what `is_departure_of` compares. `inner` is where the IP header ends.
std::uint64_t departure_hash(door through, bytes_view bytes, std::size_t inner) noexcept {
    std::uint64_t value = 0xcbf29ce484222325U ^ bytes.size();
    const bool v4 = is_v4(bytes);
    if (through == door::network && v4) {
        hash(value, bytes, {0, 2});
        hash(value, bytes, {6, 10});
        hash(value, bytes, {16, bytes.size()});
    } else if (through == door::transport) {
        hash(value, bytes, v4 ? byte_range{16, 20} : byte_range{24, 40});
        hash(value, bytes, {inner, inner + 2});
        hash(value, bytes, {inner + 4, bytes.size()});  // between them may be a checksum of the kernel's
    } else {
        hash(value, bytes, {0, bytes.size()});
    }
    return value;
}

}  // namespace

result<send_watch> send_watch::open(const prepared_packet& like, bool both_families) {
    const bool link_door = like.through == door::link;
    auto opened = socket::packet_socket::open({.interface = link_door ? like.interface : 0, .cooked = !link_door});
    if (!opened) return opened.error();
    socket::bpf_filter filter;
    if (!link_door && !both_families) {
        const auto compiled =
            socket::bpf_filter::compile(is_v4(like.complete) ? "ip" : "ip6", link_type::linux_cooked_v2);
        if (compiled) {
            if (const auto cooked = compiled->for_cooked_socket()) filter = *cooked;
        }
    }
    if (auto started = opened->start(filter); !started) return started.error();
    return send_watch(*std::move(opened), link_door ? like.link : link_type::raw_ip);
}

std::optional<watched_frame> send_watch::next() {
    const auto got = socket_.receive(buffer_);
    if (!got) return std::nullopt;
    watched_frame out{got->bytes, link_, got->meta.at, got->meta.type == socket::packet_type::outgoing,
                      got->meta.interface};
    const bool put_back = got->meta.tag && link_ == link_type::ethernet && got->bytes.size() >= tag_at;
    if (put_back) {
        tagged_.assign(got->bytes.begin(), got->bytes.end());
        tagged_.insert(tagged_.begin() + tag_at, tag_size, std::byte{});
        store_be<std::uint16_t>(tagged_, tag_at, got->meta.tag->tpid);
        store_be<std::uint16_t>(tagged_, tag_at + 2, got->meta.tag->tci);
        out.bytes = tagged_;
    }
    return out;
}

bool is_departure_of(const prepared_packet& packet, bytes_view left) noexcept {
    const bytes_view ours = packet.complete;
    if (left.size() != ours.size()) return false;
    if (packet.through == door::link) return std::ranges::equal(ours, left);
    if (is_v4(ours) != is_v4(left)) return false;
    if (packet.through == door::network) {
        if (!is_v4(ours) || ours.size() < ipv4_header_size) return std::ranges::equal(ours, left);
        // Total length, identification, checksum and source may be the kernel's.
        return equal(ours, left, {0, 2}) && equal(ours, left, {6, 10}) && equal(ours, left, {16, ours.size()});
    }
    const byte_range destination = is_v4(ours) ? byte_range{16, 20} : byte_range{24, 40};
    if (ours.size() < destination.end || !equal(ours, left, destination)) return false;
    const bool computes = packet.protocol == wire::ip_protocol::icmpv6 && !is_v4(ours);
    const std::size_t checksum = packet.written_at + 2;
    if (!computes || ours.size() < checksum + 2) return equal(ours, left, {packet.written_at, ours.size()});
    return equal(ours, left, {packet.written_at, checksum}) && equal(ours, left, {checksum + 2, ours.size()});
}

std::uint64_t departure_key(const prepared_packet& packet) noexcept {
    return departure_hash(packet.through, packet.complete, packet.written_at);
}

std::uint64_t departure_key(door through, bytes_view left) noexcept {
    const bool has_length = is_v4(left);
    const std::size_t header = has_length ? std::size_t{4} * (load_be<std::uint8_t>(left, 0) & 0x0fU) : 40;
    return departure_hash(through, left, header);
}

}  // namespace sonde::cli
