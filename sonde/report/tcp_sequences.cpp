#include <algorithm>
#include <span>

#include <sonde/report/tcp_sequences.hpp>

namespace sonde::report {

namespace {

struct end_point {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint16_t port = 0;
};

end_point end_of(bytes_view address, std::uint16_t port) noexcept {
    if (address.size() == 4) return {0, load_be<std::uint32_t>(address, 0), port};
    return {load_be<std::uint64_t>(address, 0), load_be<std::uint64_t>(address, 8), port};
}

bool before(const end_point& a, const end_point& b) noexcept {
    if (a.port != b.port) return a.port < b.port;
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

std::uint64_t mixed(std::uint64_t value) noexcept {
    value ^= value >> 29;
    value *= 0x9e3779b97f4a7c15U;
    return value ^ value >> 32;
}

}  // namespace

tcp_sequences::relative tcp_sequences::relate(const segment& s) {
    if (table_.empty()) table_.resize(capacity);
    end_point first = end_of(s.source, s.source_port);
    end_point second = end_of(s.destination, s.destination_port);
    const bool reversed = before(second, first);
    if (reversed) std::swap(first, second);
    const key ends{{first.high, first.low, second.high, second.low},
                   std::uint32_t{first.port} << 16 | second.port,
                   s.source.size() != 4};
    std::uint64_t hash = mixed(first.low ^ mixed(first.high));
    hash = mixed(hash ^ second.low ^ mixed(second.high));
    hash = mixed(hash ^ ends.ports);

    const std::span<connection> set = std::span{table_}.subspan(hash % (capacity / ways) * ways, ways);
    const auto known =
        std::find_if(set.begin(), set.end(), [&](const connection& c) { return c.used != 0 && c.ends == ends; });
    const std::uint32_t acknowledged = s.acknowledgment - 1;
    if (known != set.end() && !s.syn) {
        known->used = ++clock_;
        const std::uint32_t ours = reversed ? known->acknowledgment : known->sequence;
        const std::uint32_t theirs = reversed ? known->sequence : known->acknowledgment;
        return {s.sequence - ours, s.acknowledgment - theirs, theirs};
    }
    const auto place = known != set.end()
                           ? known
                           : std::min_element(set.begin(), set.end(), [](auto& a, auto& b) { return a.used < b.used; });
    if (place != known && place->used != 0) ++forgotten_;
    *place = {ends, reversed ? acknowledged : s.sequence, reversed ? s.sequence : acknowledged, ++clock_};
    return {s.sequence, s.acknowledgment, acknowledged};
}

}  // namespace sonde::report
