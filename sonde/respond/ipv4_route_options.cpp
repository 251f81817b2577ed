#include <algorithm>

#include <sonde/respond/ipv4_route_options.hpp>

namespace sonde::respond {

namespace {

constexpr std::uint8_t record_route = 7;
constexpr std::uint8_t timestamp = 68;
enum timestamp_flag : unsigned { only_times = 0, with_addresses = 1, asked_addresses = 3 };

std::uint8_t at(bytes_view option, std::size_t i) noexcept {
    return std::to_integer<std::uint8_t>(option[i]);
}

/// Pointers count from 1, kind and length included. The room at the pointer: nothing when the option is full.
enum class room { enough, full, in_error };
room room_for(bytes_view option, std::size_t first, std::size_t entry) noexcept {
    const std::size_t pointer = at(option, 2);
    if (pointer < first) return room::in_error;
    if (pointer > option.size()) return room::full;
    return pointer - 1 + entry <= option.size() ? room::enough : room::in_error;
}

bool record(bytes_span option, bytes_view host) noexcept {
    if (option.size() < 3) return false;
    const room r = room_for(option, 4, 4);
    if (r != room::enough) return r == room::full;
    const std::size_t pointer = at(option, 2);
    std::ranges::copy(host, option.subspan(pointer - 1).begin());
    store_be(option, 2, static_cast<std::uint8_t>(pointer + 4));
    return true;
}

bool stamp(bytes_span option, bytes_view host, std::uint32_t milliseconds) noexcept {
    if (option.size() < 4) return false;
    const unsigned flag = at(option, 3) & 0x0fU;
    const std::size_t entry = flag == only_times ? 4 : 8;
    if (flag != only_times && flag != with_addresses && flag != asked_addresses) return false;
    const room r = room_for(option, 5, entry);
    if (r == room::in_error) return false;
    if (r == room::full) {
        // Hosts that found no room are counted in four bits; one too many, and the datagram is in error.
        const unsigned overflow = at(option, 3) >> 4;
        if (flag == asked_addresses) return true;
        if (overflow == 15) return false;
        store_be(option, 3, static_cast<std::uint8_t>((overflow + 1) << 4 | flag));
        return true;
    }
    const std::size_t pointer = at(option, 2);
    const auto place = option.subspan(pointer - 1, entry);
    if (flag == asked_addresses && !std::ranges::equal(place.first(4), host)) return true;
    if (flag == with_addresses) std::ranges::copy(host, place.begin());
    store_be(place, entry - 4, milliseconds);
    store_be(option, 2, static_cast<std::uint8_t>(pointer + entry));
    return true;
}

}  // namespace

bool record_host(bytes_span options, bytes_view host, std::uint32_t milliseconds) noexcept {
    while (!options.empty()) {
        const std::uint8_t kind = at(options, 0);
        if (kind == 0) break;
        if (kind == 1) {
            options = options.subspan(1);
            continue;
        }
        const auto option = options.first(at(options, 1));
        if (kind == record_route && !record(option, host)) return false;
        if (kind == timestamp && !stamp(option, host, milliseconds)) return false;
        options = options.subspan(option.size());
    }
    return true;
}

}  // namespace sonde::respond
