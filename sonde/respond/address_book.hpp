// Which addresses are answered for, which are ours, and which stand for many.
#pragma once

#include <cstdint>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/prefix.hpp>

namespace sonde::respond {

/// An address as two numbers, IPv4 in its mapped form (RFC 4291 section 2.5.5.2): one path for both families, compared
/// without a branch on the family. A value type.
struct address_key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    /// From 4 or 16 bytes of a packet.
    [[nodiscard]] static address_key from_wire(bytes_view address) noexcept {
        if (address.size() == 4) return {0, mapped | load_be<std::uint32_t>(address, 0)};
        return {load_be<std::uint64_t>(address, 0), load_be<std::uint64_t>(address, 8)};
    }
    [[nodiscard]] static address_key of(const ip_address& address) noexcept {
        return from_wire(address.mapped_bytes());
    }

    [[nodiscard]] bool is_v4() const noexcept { return high == 0 && low >> 32 == mapped >> 32; }
    /// Of a v4 address, in host order.
    [[nodiscard]] std::uint32_t v4() const noexcept { return static_cast<std::uint32_t>(low); }
    /// 224.0.0.0/4 and 255.255.255.255, or ff00::/8.
    [[nodiscard]] bool is_group() const noexcept {
        return is_v4() ? v4() >> 28 == 0xeU || v4() == 0xffff'ffffU : high >> 56 == 0xffU;
    }
    /// 0.0.0.0/8 (RFC 1122 section 3.2.1.3: this host on this network), or `::`.
    [[nodiscard]] bool is_unspecified() const noexcept { return is_v4() ? v4() >> 24 == 0 : high == 0 && low == 0; }
    [[nodiscard]] bool is_loopback() const noexcept { return is_v4() ? v4() >> 24 == 127 : high == 0 && low == 1; }

    friend bool operator==(const address_key&, const address_key&) = default;

private:
    static constexpr std::uint64_t mapped = 0xffff'0000'0000U;
};

/// A value type. Reading is for any thread.
class address_book {
public:
    /// Addresses that are ours: never an asker's. `answer_own`: answered for as well.
    void set_own(const std::vector<ip_address>& own, bool answer_own);
    /// Directed broadcast addresses of the link.
    void set_broadcasts(const std::vector<ip_address>& broadcasts);
    /// Prefixes whose every address is answered for. Of an IPv4 prefix shorter than /31 the first and the last address
    /// are broadcast addresses, unless another prefix holds them.
    void set_prefixes(const std::vector<prefix>& prefixes);

    [[nodiscard]] bool is_own(const address_key& address) const noexcept;
    [[nodiscard]] bool is_broadcast(const address_key& address) const noexcept;
    [[nodiscard]] bool answers(const address_key& address) const noexcept;
    /// A prefix of this one address alone (/32, /128) is answered for.
    [[nodiscard]] bool is_lone(const address_key& address) const noexcept;

private:
    struct range {
        address_key network;
        address_key mask;
        bool ends_are_broadcast = false;
        bool lone = false;
        bool v4 = false;  ///< `::/0` holds no IPv4 address

        [[nodiscard]] bool holds(const address_key& a) const noexcept {
            return (a.high & mask.high) == network.high && (a.low & mask.low) == network.low && a.is_v4() == v4;
        }
        [[nodiscard]] bool ends_with(const address_key& a) const noexcept {
            return holds(a) && ends_are_broadcast &&
                   ((a.low & ~mask.low) == 0 || (a.low | mask.low) == ~std::uint64_t{});
        }
    };

    std::vector<address_key> own_;
    std::vector<address_key> broadcasts_;
    std::vector<range> ranges_;
    bool answer_own_ = true;
};

}  // namespace sonde::respond
