#include <sonde/report/packet_view.hpp>

namespace sonde::report {

std::string_view to_string(packet_direction direction) noexcept {
    switch (direction) {
        case packet_direction::in:
            return "in";
        case packet_direction::broadcast:
            return "broadcast";
        case packet_direction::multicast:
            return "multicast";
        case packet_direction::other_host:
            return "other";
        case packet_direction::out:
            return "out";
        case packet_direction::unknown:
            break;
    }
    return {};
}

packet_direction direction_of_packet_type(std::uint8_t type) noexcept {
    return type > 4 ? packet_direction::unknown : static_cast<packet_direction>(type + 1);
}

}  // namespace sonde::report
