#include <algorithm>
#include <cstring>

#include <sonde/wire/igmp.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t record_header_size = 8;
constexpr std::size_t address_width = 4;
constexpr std::size_t count_max = 65535;
constexpr std::size_t auxiliary_words_max = 255;

bool is_address_list(bytes_view sources) noexcept {
    return sources.size() % address_width == 0 && sources.size() / address_width <= count_max;
}

/// The first `count` records of `bytes`.
parsed<bytes_view> take_records(bytes_view bytes, std::size_t count) noexcept {
    bytes_view rest = bytes;
    for (; count > 0; --count) {
        if (rest.empty() || !next_igmp_group_record(rest)) return parse_error::truncated;
    }
    return bytes.first(bytes.size() - rest.size());
}

void store_tail(bytes_span out, std::size_t offset, bytes_view tail) noexcept {
    if (!tail.empty()) std::memmove(out.data() + offset, tail.data(), tail.size());
}

// One per message: its size, whether it can be said, and its bytes, with a checksum of zero.

std::size_t size_of(const igmp_group_message&) noexcept {
    return igmp_header_size;
}
std::size_t size_of(const igmp_v3_query& m) noexcept {
    return igmp_v3_query_size + m.sources.size();
}
std::size_t size_of(const igmp_v3_report& m) noexcept {
    return igmp_header_size + m.records.size();
}

bool can_be_said(const igmp_group_message& m) noexcept {
    return m.group.is_v4() && m.type != igmp_type::v3_membership_report;
}
bool can_be_said(const igmp_v3_query& m) noexcept {
    return m.group.is_v4() && m.robustness <= 7 && is_address_list(m.sources);
}
bool can_be_said(const igmp_v3_report& m) noexcept {
    const auto records = take_records(m.records, m.record_count);
    return records && records->size() == m.records.size();
}

void store(const igmp_group_message& m, bytes_span out) noexcept {
    store_be(out, 0, static_cast<std::uint8_t>(m.type));
    store_be(out, 1, m.max_response_code);
    store_be(out, 2, std::uint16_t{0});
    std::ranges::copy(m.group.bytes(), out.subspan(4).begin());
}

void store(const igmp_v3_query& m, bytes_span out) noexcept {
    store_tail(out, igmp_v3_query_size, m.sources);
    store(igmp_group_message{igmp_type::membership_query, m.max_response_code, m.group}, out);
    store_be(out, 8, static_cast<std::uint8_t>((m.suppress ? 0x08U : 0U) | m.robustness));
    store_be(out, 9, m.query_interval_code);
    store_be(out, 10, static_cast<std::uint16_t>(m.sources.size() / address_width));
}

void store(const igmp_v3_report& m, bytes_span out) noexcept {
    store_tail(out, igmp_header_size, m.records);
    store_be(out, 0, static_cast<std::uint8_t>(igmp_type::v3_membership_report));
    store_be(out, 1, std::uint8_t{0});
    store_be(out, 2, std::uint32_t{0});
    store_be(out, 6, m.record_count);
}

}  // namespace

std::size_t igmp_group_record::emit(bytes_span out) const noexcept {
    const bool can_be_said = group.is_v4() && is_address_list(sources) && auxiliary_data.size() % 4 == 0 &&
                             auxiliary_data.size() / 4 <= auxiliary_words_max;
    if (!can_be_said || out.size() < size()) return 0;
    store_be(out, 0, static_cast<std::uint8_t>(type));
    store_be(out, 1, static_cast<std::uint8_t>(auxiliary_data.size() / 4));
    store_be(out, 2, static_cast<std::uint16_t>(sources.size() / address_width));
    std::ranges::copy(group.bytes(), out.subspan(4).begin());
    std::ranges::copy(sources, out.subspan(record_header_size).begin());
    std::ranges::copy(auxiliary_data, out.subspan(record_header_size + sources.size()).begin());
    return size();
}

bool operator==(const igmp_group_record& a, const igmp_group_record& b) noexcept {
    return a.type == b.type && a.group == b.group && std::ranges::equal(a.sources, b.sources) &&
           std::ranges::equal(a.auxiliary_data, b.auxiliary_data);
}

parsed<std::optional<igmp_group_record>> next_igmp_group_record(bytes_view& rest) noexcept {
    const bytes_view all = rest;
    rest = {};
    if (all.empty()) return std::nullopt;
    if (all.size() < record_header_size) return parse_error::truncated;
    const std::size_t auxiliary_size = std::size_t{4} * load_be<std::uint8_t>(all, 1);
    const std::size_t sources_size = address_width * load_be<std::uint16_t>(all, 2);
    const std::size_t size = record_header_size + sources_size + auxiliary_size;
    if (size > all.size()) return parse_error::truncated;
    rest = all.subspan(size);
    return igmp_group_record{.type = static_cast<igmp_record_type>(load_be<std::uint8_t>(all, 0)),
                             .group = ip_address::from_bytes(all.subspan(4, 4)),
                             .sources = all.subspan(record_header_size, sources_size),
                             .auxiliary_data = all.subspan(record_header_size + sources_size, auxiliary_size)};
}

parsed<igmp_view> igmp_view::parse(bytes_view message, checksum_check check) noexcept {
    if (message.size() < igmp_header_size) return parse_error::truncated;
    const igmp_view view{message};
    if (view.type() == igmp_type::membership_query && message.size() > igmp_header_size) {
        if (message.size() < igmp_v3_query_size) return parse_error::bad_total_length;
        const std::size_t sources_size = address_width * load_be<std::uint16_t>(message, 10);
        if (message.size() - igmp_v3_query_size < sources_size) return parse_error::truncated;
    }
    if (view.is_v3_report()) {
        const auto records = take_records(message.subspan(igmp_header_size), view.record_count());
        if (!records) return records.error();
    }
    if (check == checksum_check::verify && internet_checksum(message) != 0) return parse_error::bad_checksum;
    return view;
}

int igmp_view::query_version() const noexcept {
    if (type() != igmp_type::membership_query) return 0;
    if (bytes_.size() >= igmp_v3_query_size) return 3;
    return max_response_code() == 0 ? 1 : 2;
}

bytes_view igmp_view::records() const noexcept {
    const auto records = take_records(bytes_.subspan(igmp_header_size), record_count());
    return records ? *records : bytes_view{};
}

std::size_t igmp_message::size() const noexcept {
    return std::visit([](const auto& m) { return size_of(m); }, body);
}

std::size_t igmp_message::emit(bytes_span out, checksum_fill fill) const noexcept {
    if (out.size() < size()) return 0;
    if (!std::visit([](const auto& m) { return can_be_said(m); }, body)) return 0;
    out = out.first(size());
    std::visit([out](const auto& m) { store(m, out); }, body);
    if (fill == checksum_fill::compute) store_be(out, 2, internet_checksum(out));
    return out.size();
}

igmp_message igmp_message::from(const igmp_view& view) noexcept {
    if (view.is_v3_report()) return {igmp_v3_report{.record_count = view.record_count(), .records = view.records()}};
    if (view.is_v3_query()) {
        return {igmp_v3_query{.max_response_code = view.max_response_code(),
                              .group = view.group(),
                              .suppress = view.suppress(),
                              .robustness = view.robustness(),
                              .query_interval_code = view.query_interval_code(),
                              .sources = view.sources()}};
    }
    return {
        igmp_group_message{.type = view.type(), .max_response_code = view.max_response_code(), .group = view.group()}};
}

bool operator==(const igmp_v3_query& a, const igmp_v3_query& b) noexcept {
    return a.max_response_code == b.max_response_code && a.group == b.group && a.suppress == b.suppress &&
           a.robustness == b.robustness && a.query_interval_code == b.query_interval_code &&
           std::ranges::equal(a.sources, b.sources);
}

bool operator==(const igmp_v3_report& a, const igmp_v3_report& b) noexcept {
    return a.record_count == b.record_count && std::ranges::equal(a.records, b.records);
}

}  // namespace sonde::wire
