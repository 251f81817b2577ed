// IGMP: who belongs to which IPv4 multicast group (version 1: RFC 1112, 2: RFC 2236, 3: RFC 3376).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

inline constexpr std::size_t igmp_header_size = 8;
inline constexpr std::size_t igmp_v3_query_size = 12;  ///< without sources

enum class igmp_type : std::uint8_t {
    membership_query = 0x11,  ///< of every version: `igmp_view::query_version`
    v1_membership_report = 0x12,
    v2_membership_report = 0x16,
    leave_group = 0x17,
    v3_membership_report = 0x22,
};

/// RFC 3376 section 4.2.12.
enum class igmp_record_type : std::uint8_t {
    mode_is_include = 1,
    mode_is_exclude = 2,
    change_to_include_mode = 3,
    change_to_exclude_mode = 4,
    allow_new_sources = 5,
    block_old_sources = 6,
};

/// What a Max Resp Code or a QQIC of version 3 stands for (RFC 3376 sections 4.1.1 and 4.1.7): from 128 on it is a
/// floating-point number.
[[nodiscard]] constexpr std::uint32_t igmp_v3_code_value(std::uint8_t code) noexcept {
    return code < 128 ? code : (std::uint32_t{0x10} | (code & 0x0fU)) << (((code >> 4) & 0x07U) + 3);
}

/// One group record of a version 3 report (RFC 3376 section 4.2.4). Sources and data are borrowed.
struct igmp_group_record {
    igmp_record_type type = igmp_record_type::mode_is_exclude;
    ip_address group = ip_address::v4(0);
    bytes_view sources = {};         ///< addresses, 4 bytes each; at most 65,535 of them
    bytes_view auxiliary_data = {};  ///< RFC 3376 defines none; a multiple of 4 bytes, at most 1020

    [[nodiscard]] std::size_t size() const noexcept { return 8 + sources.size() + auxiliary_data.size(); }
    /// Writes the record and returns the bytes written; nothing is written and the result is 0 when `out` is too short
    /// or no record can say it. Sources and data may not stand in `out`.
    std::size_t emit(bytes_span out) const noexcept;

    /// The same meaning, byte for byte.
    friend bool operator==(const igmp_group_record& a, const igmp_group_record& b) noexcept;
};

/// Takes the first record off `rest`; nothing at the end of the bytes. Fails with `truncated` where a record runs past
/// the end, and empties `rest` then.
[[nodiscard]] parsed<std::optional<igmp_group_record>> next_igmp_group_record(bytes_view& rest) noexcept;

/// An IGMP message. Does not own the bytes, which must outlive it.
class igmp_view {
public:
    /// `message` is the whole payload of the datagram, for the checksum covers all of it. Fails with `truncated` (also
    /// where sources or records are fewer than their number says), `bad_total_length` (a query of 9 to 11 bytes, which
    /// is of no version) or, asked to verify, `bad_checksum`. Types that `igmp_type` does not name are read as 8 bytes.
    [[nodiscard]] static parsed<igmp_view> parse(bytes_view message, checksum_check check) noexcept;

    [[nodiscard]] igmp_type type() const noexcept { return static_cast<igmp_type>(load_be<std::uint8_t>(bytes_, 0)); }
    /// 1, 2 or 3 (RFC 3376 section 7.1); 0 for what is no query.
    [[nodiscard]] int query_version() const noexcept;
    [[nodiscard]] bool is_v3_query() const noexcept { return query_version() == 3; }
    [[nodiscard]] bool is_v3_report() const noexcept { return type() == igmp_type::v3_membership_report; }
    /// Tenths of a second; in a version 3 query it is to be read with `igmp_v3_code_value`. 0 in version 1.
    [[nodiscard]] std::uint8_t max_response_code() const noexcept { return load_be<std::uint8_t>(bytes_, 1); }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be<std::uint16_t>(bytes_, 2); }
    /// 0.0.0.0 in a general query; of no meaning in a version 3 report.
    [[nodiscard]] ip_address group() const noexcept { return ip_address::from_bytes(bytes_.subspan(4, 4)); }

    /// Of version 3 queries only: S flag, querier's robustness variable, querier's query interval code, and sources
    /// (4 bytes each).
    [[nodiscard]] bool suppress() const noexcept { return (load_be<std::uint8_t>(bytes_, 8) & 0x08U) != 0; }
    [[nodiscard]] std::uint8_t robustness() const noexcept { return load_be<std::uint8_t>(bytes_, 8) & 0x07U; }
    [[nodiscard]] std::uint8_t query_interval_code() const noexcept { return load_be<std::uint8_t>(bytes_, 9); }
    [[nodiscard]] bytes_view sources() const noexcept {
        return bytes_.subspan(igmp_v3_query_size, std::size_t{4} * load_be<std::uint16_t>(bytes_, 10));
    }

    /// Of version 3 reports only: exactly `record_count()` records, for `next_igmp_group_record`.
    [[nodiscard]] std::uint16_t record_count() const noexcept { return load_be<std::uint16_t>(bytes_, 6); }
    [[nodiscard]] bytes_view records() const noexcept;

    /// Everything, also what follows the message (RFC 3376 section 4.1.10: ignored, but for the checksum).
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit igmp_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// Queries and reports of versions 1 and 2, leave, and types without a name.
struct igmp_group_message {
    igmp_type type = igmp_type::membership_query;
    std::uint8_t max_response_code = 0;  ///< tenths of a second; a query with 0 is of version 1
    ip_address group = ip_address::v4(0);

    friend bool operator==(const igmp_group_message&, const igmp_group_message&) noexcept = default;
};

/// RFC 3376 section 4.1. The sources are borrowed.
struct igmp_v3_query {
    std::uint8_t max_response_code = 100;  ///< as `igmp_v3_code_value` reads it, in tenths of a second
    ip_address group = ip_address::v4(0);
    bool suppress = false;                   ///< routers shall not restart their timers
    std::uint8_t robustness = 2;             ///< at most 7
    std::uint8_t query_interval_code = 125;  ///< as `igmp_v3_code_value` reads it, in seconds
    bytes_view sources = {};                 ///< addresses, 4 bytes each; at most 65,535 of them

    friend bool operator==(const igmp_v3_query& a, const igmp_v3_query& b) noexcept;
};

/// RFC 3376 section 4.2. The records are borrowed, in the form that `igmp_group_record::emit` writes.
struct igmp_v3_report {
    std::uint16_t record_count = 0;
    bytes_view records = {};

    friend bool operator==(const igmp_v3_report& a, const igmp_v3_report& b) noexcept;
};

/// What an IGMP message means.
struct igmp_message {
    std::variant<igmp_group_message, igmp_v3_query, igmp_v3_report> body = {};

    [[nodiscard]] std::size_t size() const noexcept;

    /// Writes the message and returns the bytes written. Nothing is written and the result is 0 when `out` has fewer
    /// than `size()` bytes or no message can say it: a group that is not IPv4, sources of a wrong size, a report's
    /// records that are not as many as it says. Sources and records may stand in `out` at their place already.
    /// `parse(emit(m)) == m`.
    std::size_t emit(bytes_span out, checksum_fill fill) const noexcept;

    [[nodiscard]] static igmp_message from(const igmp_view& view) noexcept;

    friend bool operator==(const igmp_message&, const igmp_message&) noexcept = default;
};

}  // namespace sonde::wire
