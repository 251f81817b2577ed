#include <algorithm>

#include <sonde/sim/reassembly.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>

namespace sonde::sim {

namespace {

constexpr std::size_t longest = 65535;

}  // namespace

bool reassembly::entry::is_whole() const noexcept {
    std::uint32_t at = 0;
    for (const piece& p : pieces) {
        if (p.begin != at) return false;
        at = p.end;
    }
    return !pieces.empty() && pieces.back().last;
}

std::vector<packet_id> reassembly::entry::ids() const {
    std::vector<packet_id> out;
    for (const piece& p : pieces) out.push_back(p.id);
    return out;
}

reassembly::entry& reassembly::entry_of(const packet& p, const fragment_fields& f, time_point now) {
    const bool v4 = p.facts.family == family::v4;
    entry wanted{.node = p.node,
                 .identification = f.identification,
                 .protocol = v4 ? p.facts.protocol : std::uint8_t{0},
                 .source = source_of(p.bytes(), p.facts.family),
                 .destination = destination_of(p.bytes(), p.facts.family),
                 .deadline = now + (v4 ? patience_v4 : patience_v6)};
    const auto found = std::ranges::find_if(entries_, [&](const entry& e) {
        return e.identification == wanted.identification && e.node == wanted.node && e.protocol == wanted.protocol &&
               e.source == wanted.source && e.destination == wanted.destination;
    });
    if (found != entries_.end()) return *found;
    next_deadline_ = std::min(next_deadline_, wanted.deadline);
    return entries_.emplace_back(std::move(wanted));
}

reassembly::outcome reassembly::take(entry& e, outcome::kind what) {
    outcome out{.what = what, .fragments = e.ids()};
    if (&e != &entries_.back()) std::swap(e, entries_.back());
    entries_.pop_back();
    find_next_deadline();
    return out;
}

reassembly::outcome reassembly::add(packet_id id, time_point now) {
    const packet& p = (*pool_)[id];
    const fragment_fields f = read_fragment(p.bytes(), p.facts);
    const std::uint32_t size = p.size - std::min(p.size, f.data);
    const outcome useless{.what = outcome::kind::dropped, .fragments = {id}};
    const bool odd = f.more && (size % 8 != 0 || size == 0);
    if (odd || f.offset + size + f.data > longest) return useless;
    entry& e = entry_of(p, f, now);
    if (entries_.size() > packets_max) {
        entries_.pop_back();
        find_next_deadline();
        return useless;
    }
    const piece fresh{.id = id, .begin = f.offset, .end = f.offset + size, .last = !f.more};
    const auto place = std::ranges::upper_bound(e.pieces, fresh.begin, {}, &piece::begin);
    if (place != e.pieces.begin()) {
        const piece& before = *std::prev(place);
        // The same once more, as a link that duplicates brings it.
        if (before.begin == fresh.begin && before.end == fresh.end && before.last == fresh.last) return useless;
    }
    const bool overlaps =
        (place != e.pieces.begin() && (std::prev(place)->end > fresh.begin || std::prev(place)->last)) ||
        (place != e.pieces.end() && (place->begin < fresh.end || fresh.last));
    e.pieces.insert(place, fresh);
    if (overlaps || e.pieces.size() > fragments_max) return take(e, outcome::kind::dropped);
    return e.is_whole() ? take(e, outcome::kind::whole) : outcome{};
}

std::vector<packet_id> reassembly::expire(time_point now) {
    // The oldest that is due: `take` changes the order of the entries, not their times.
    const auto due = std::ranges::min_element(entries_, {}, &entry::deadline);
    if (due == entries_.end() || due->deadline > now) return {};
    return take(*due, outcome::kind::dropped).fragments;
}

void reassembly::find_next_deadline() noexcept {
    const auto next = std::ranges::min_element(entries_, {}, &entry::deadline);
    next_deadline_ = next == entries_.end() ? time_point::max() : next->deadline;
}

std::size_t put_together(const packet_pool& pool, const std::vector<packet_id>& fragments, bytes_span out) noexcept {
    const packet& first = pool[fragments.front()];
    const fragment_fields head = read_fragment(first.bytes(), first.facts);
    const bool v4 = first.facts.family == family::v4;
    const std::size_t header = v4 ? head.data : head.header;
    std::size_t size = header;
    for (const packet_id id : fragments) {
        const packet& p = pool[id];
        const bytes_view data = p.bytes().subspan(read_fragment(p.bytes(), p.facts).data);
        if (size + data.size() > longest) return 0;
        std::ranges::copy(data, out.subspan(size).begin());
        size += data.size();
    }
    if (v4) {
        const auto view = wire::ipv4_view::parse_lax(first.bytes());
        if (!view) return 0;
        wire::ipv4_message m = wire::ipv4_message::from(*view);
        m.more_fragments = false;
        m.payload = bytes_view{out}.subspan(header, size - header);
        return m.emit(out, wire::checksum_fill::compute);
    }
    std::ranges::copy(first.bytes().first(header), out.begin());
    store_be(out, 4, static_cast<std::uint16_t>(size - wire::ipv6_header_size));
    out[head.announced_at] = first.bytes()[head.header];
    return size;
}

}  // namespace sonde::sim
