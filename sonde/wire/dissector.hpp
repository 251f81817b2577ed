// The walk over a frame that `dissect` makes. Inside of this room only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <sonde/base/ip_address.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::wire {

/// Lives for one frame. Each step takes one layer off the front of `rest_`.
class dissector {
public:
    dissector(dissection& out, bytes_view frame, dissect_options options) noexcept
        : out_(out), frame_(frame), options_(options), rest_(frame), promised_(frame.size()) {}

    // dissect.cpp
    void link(link_type type) noexcept;

private:
    /// What follows an IP header and its extensions; nothing when the walk has ended there.
    using upper_protocol = std::optional<std::uint8_t>;

    // dissect.cpp
    void cooked(protocol id, std::size_t header_size, std::size_t type_offset) noexcept;
    void null_loopback() noexcept;
    void ethernet() noexcept;
    void ethertype(std::uint16_t type) noexcept;
    void arp() noexcept;

    // dissect_ip.cpp
    void internet(family f) noexcept;
    upper_protocol ipv4() noexcept;
    upper_protocol ipv6() noexcept;
    upper_protocol ipv6_extensions(std::uint8_t next_header) noexcept;
    /// Whether all of the next extension header is there; otherwise the walk ends.
    bool has_extension(protocol id) noexcept;
    bool bound_by(std::size_t total, std::size_t header_size) noexcept;
    void note_source_route(bytes_view header) noexcept;
    void note_routing(bytes_view header) noexcept;
    void note_home_address(bytes_view header) noexcept;

    // dissect_upper.cpp
    void upper(std::uint8_t number) noexcept;
    void udp() noexcept;
    void tcp() noexcept;
    void icmp() noexcept;
    void quote(bytes_view message) noexcept;
    void igmp() noexcept;
    void ospf() noexcept;
    [[nodiscard]] checksum_status with_pseudo_header(std::uint8_t number) const noexcept;
    [[nodiscard]] checksum_status plain() const noexcept;
    [[nodiscard]] bool can_judge() const noexcept;

    /// The next `size` bytes, all captured, become a layer. False when that was the last one there is room for.
    bool take(protocol id, std::size_t size, checksum_status checksum = checksum_status::none,
              std::optional<parse_error> problem = {}) noexcept;
    /// The rest is less than a header, or cannot be read any further: it becomes a layer of that protocol. The walk
    /// ends.
    void give_up(protocol id, parse_error problem) noexcept;
    void payload(std::optional<parse_error> problem = {}) noexcept;
    /// What is promised no longer exceeds `size`, nor does the rest.
    void limit(std::size_t size) noexcept;
    void append(const layer& l) noexcept { std::construct_at(&out_.slots_.layers[out_.count_++], l); }

    dissection& out_;
    bytes_view frame_;
    dissect_options options_;

    bytes_view rest_;       // captured, and of no layer yet
    std::size_t promised_;  // what the length fields say that `rest_` has; never less
    bool bounded_ = false;  // a length field says so, not only the end of the capture
    std::uint8_t depth_ = 0;
    bool fragment_ = false;       // of several: no upper-layer checksum can be judged
    bool lost_ = false;           // the pseudo-header's addresses cannot be told
    family family_ = family::v4;  // of the innermost IP header
    bytes_view source_{};         // what the pseudo-header has
    bytes_view destination_{};
};

inline bool dissector::take(protocol id, std::size_t size, checksum_status checksum,
                            std::optional<parse_error> problem) noexcept {
    if (out_.count_ + 1 >= dissection::capacity) {
        out_.cut_ = true;
        payload();
        return false;
    }
    const bytes_view bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    promised_ -= size;
    append({.id = id,
            .depth = depth_,
            .checksum = checksum,
            .problem = problem,
            .offset = static_cast<std::uint32_t>(bytes.data() - frame_.data()),
            .payload_size = static_cast<std::uint32_t>(promised_),
            .bytes = bytes});
    return true;
}

inline void dissector::limit(std::size_t size) noexcept {
    promised_ = std::min(promised_, size);
    rest_ = rest_.first(std::min(rest_.size(), size));
}

}  // namespace sonde::wire
