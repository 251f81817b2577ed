// What an echo request looks like on the wire, beyond its destination.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/path_mtu.hpp>
#include <sonde/base/time.hpp>

namespace sonde::probe {

/// The bytes that fill a payload: repeated from its first byte on, or 0, 1, 2, ... 255, 0, ... when empty.
struct payload_pattern {
    std::array<std::byte, 16> bytes{};
    std::uint8_t size = 0;

    [[nodiscard]] std::byte at(std::size_t offset) const noexcept {
        return size == 0 ? static_cast<std::byte>(offset) : bytes[offset % size];
    }
    friend bool operator==(const payload_pattern&, const payload_pattern&) = default;
};

/// A value type.
struct echo_profile {
    static constexpr std::size_t largest_payload = 65507;

    std::uint16_t payload_size = 56;  ///< bytes after the 8-byte ICMP header, at most `largest_payload`
    path_mtu mtu = path_mtu::system;
    bool broadcast = false;                      ///< the destination may be a broadcast address, and anyone may answer
    std::optional<std::uint8_t> hop_limit = {};  ///< TTL or hop limit, 1 to 255
    std::optional<std::uint8_t> traffic_class = {};  ///< TOS or traffic class: DSCP and ECN
    std::uint32_t interface = 0;                     ///< index of the interface to leave by, 0 for the routing table's
    ip_address source = {};                          ///< `::` for the kernel's choice
    payload_pattern pattern = {};
    duration linger{};  ///< after a reply: how long to wait for duplicates before `settled`

    friend bool operator==(const echo_profile&, const echo_profile&) = default;
};

/// Profiles in use, each once, by a 16-bit number. Not thread-safe.
class profile_table {
public:
    struct entry {
        echo_profile profile;
        std::vector<std::byte> image;  ///< the payload before the token is written into it
        std::uint32_t users = 0;
    };

    /// One more user of an equal profile's number; nothing when 65,536 different ones are in use.
    [[nodiscard]] std::optional<std::uint16_t> acquire(const echo_profile& profile);
    void add_user(std::uint16_t number) noexcept { ++entries_[number].users; }
    void release(std::uint16_t number);

    [[nodiscard]] const entry& operator[](std::uint16_t number) const noexcept { return entries_[number]; }
    [[nodiscard]] std::size_t largest_payload() const noexcept { return largest_payload_; }

private:
    struct hash {
        std::size_t operator()(const echo_profile& p) const noexcept;
    };
    /// Unused profiles are kept, because the same ones come again; beyond this many they are dropped.
    static constexpr std::size_t idle_limit = 64;

    void drop_idle();

    std::vector<entry> entries_;
    std::vector<std::uint16_t> holes_;
    std::unordered_map<echo_profile, std::uint16_t, hash> numbers_;
    std::size_t idle_ = 0;
    std::size_t largest_payload_ = 0;
};

}  // namespace sonde::probe
