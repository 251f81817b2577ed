#include <array>
#include <pcap/dlt.h>
#include <utility>

#include <sonde/socket/data_link_type.hpp>

namespace sonde::socket {

namespace {

// All others have one number.
constexpr std::array<std::pair<std::uint16_t, int>, 4> different{{
    {100, DLT_ATM_RFC1483},
    {101, DLT_RAW},
    {102, DLT_SLIP_BSDOS},
    {103, DLT_PPP_BSDOS},
}};

}  // namespace

int data_link_type(link_type link) noexcept {
    const auto number = static_cast<std::uint16_t>(link);
    for (const auto& [file, here] : different) {
        if (file == number) return here;
    }
    return number;
}

link_type link_of_data_link_type(int data_link_type) noexcept {
    for (const auto& [file, here] : different) {
        if (here == data_link_type) return static_cast<link_type>(file);
    }
    return static_cast<link_type>(data_link_type);
}

}  // namespace sonde::socket
