#include <algorithm>
#include <vector>

#include <sonde/wire/igmp.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

// All made with scapy.
std::vector<std::byte> v3_query() {
    return hex("118f 7de1 e0010203 0a7d 0002 c0000201 c0000209");
}
std::vector<std::byte> v3_report() {
    return hex("2200 89ef 0000 0002 04000000 e0010203 01000002 e8010101 c0000201 c0000202");
}

void expect_group_message(std::string_view digits, const igmp_group_message& expected, int query_version) {
    const auto bytes = hex(digits);
    const auto view = igmp_view::parse(bytes, checksum_check::verify);
    ASSERT_TRUE(view) << digits;
    EXPECT_EQ(view->query_version(), query_version);
    EXPECT_EQ(igmp_message::from(*view), igmp_message{expected});
    EXPECT_EQ(rig::emitted(igmp_message{expected}, checksum_fill::compute), bytes);
}

TEST(igmp, versions_1_and_2) {
    const ip_address group = rig::ip("224.1.2.3");
    expect_group_message("1100eeff00000000", {}, 1);
    expect_group_message("11640c97e0010203", {.max_response_code = 100, .group = group}, 2);
    expect_group_message("160007fbe0010203", {.type = igmp_type::v2_membership_report, .group = group}, 0);
    expect_group_message("170006fbe0010203", {.type = igmp_type::leave_group, .group = group}, 0);
}

TEST(igmp, version_3_query) {
    const auto bytes = v3_query();
    const auto view = igmp_view::parse(bytes, checksum_check::verify);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->query_version(), 3);
    EXPECT_EQ(igmp_v3_code_value(view->max_response_code()), 248U);
    EXPECT_EQ(view->group(), rig::ip("224.1.2.3"));
    EXPECT_TRUE(view->suppress());
    EXPECT_EQ(view->robustness(), 2);
    EXPECT_EQ(view->query_interval_code(), 125);
    EXPECT_TRUE(std::ranges::equal(view->sources(), hex("c0000201c0000209")));
    const auto message = igmp_message::from(*view);
    EXPECT_TRUE(std::holds_alternative<igmp_v3_query>(message.body));
    EXPECT_EQ(rig::emitted(message, checksum_fill::compute), bytes);
}

TEST(igmp, version_3_report) {
    const auto sources = hex("c0000201c0000202");
    const igmp_group_record records[] = {
        {.type = igmp_record_type::change_to_exclude_mode, .group = rig::ip("224.1.2.3")},
        {.type = igmp_record_type::mode_is_include, .group = rig::ip("232.1.1.1"), .sources = sources},
    };
    std::vector<std::byte> written(records[0].size() + records[1].size());
    ASSERT_EQ(records[0].emit(written), 8U);
    ASSERT_EQ(records[1].emit(bytes_span{written}.subspan(8)), 16U);
    const igmp_message message{igmp_v3_report{.record_count = 2, .records = written}};
    EXPECT_EQ(rig::emitted(message, checksum_fill::compute), v3_report());

    const auto bytes = v3_report();
    const auto view = igmp_view::parse(bytes, checksum_check::verify);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->record_count(), 2);
    EXPECT_EQ(igmp_message::from(*view), message);
    bytes_view rest = view->records();
    for (const auto& record : records) EXPECT_EQ(next_igmp_group_record(rest).value(), record);
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(next_igmp_group_record(rest).value(), std::nullopt);
}

TEST(igmp, code_values) {
    EXPECT_EQ(igmp_v3_code_value(0), 0U);
    EXPECT_EQ(igmp_v3_code_value(127), 127U);
    EXPECT_EQ(igmp_v3_code_value(128), 128U);
    EXPECT_EQ(igmp_v3_code_value(0x8f), 248U);
    EXPECT_EQ(igmp_v3_code_value(0x90), 256U);
    EXPECT_EQ(igmp_v3_code_value(255), 31744U);
}

TEST(igmp, records_have_auxiliary_data_between_them) {
    auto bytes = hex("2200 0000 0000 0002 06010001 e0010203 c0000201 aabbccdd 05000000 e0010204 99");
    const auto view = igmp_view::parse(bytes, checksum_check::trust);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->records().size(), 24U) << "what follows is ignored";
    bytes_view rest = view->records();
    const auto first = next_igmp_group_record(rest).value();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->type, igmp_record_type::block_old_sources);
    EXPECT_TRUE(std::ranges::equal(first->auxiliary_data, hex("aabbccdd")));
    EXPECT_EQ(next_igmp_group_record(rest).value()->group, rig::ip("224.1.2.4"));
    bytes[7] = std::byte{3};
    EXPECT_EQ(igmp_view::parse(bytes, checksum_check::trust).error(), parse_error::truncated);
}

TEST(igmp, round_trip) {
    rig::seeded random(7);
    for (int i = 0; i < 500; ++i) {
        const auto sources = random.bytes(4 * random.below(5));
        std::vector<std::byte> records(1000);
        std::size_t records_size = 0;
        const auto record_count = static_cast<std::uint16_t>(random.below(4));
        for (int r = 0; r < record_count; ++r) {
            const auto data = random.bytes(4 * random.below(3));
            const igmp_group_record record{.type = static_cast<igmp_record_type>(random.number<std::uint8_t>()),
                                           .group = random.v4(),
                                           .sources = sources,
                                           .auxiliary_data = data};
            records_size += record.emit(bytes_span{records}.subspan(records_size));
        }
        const decltype(igmp_message::body) bodies[] = {
            igmp_group_message{static_cast<igmp_type>(random.below(0x22)), random.number<std::uint8_t>(), random.v4()},
            igmp_v3_query{random.number<std::uint8_t>(), random.v4(), random.coin(),
                          static_cast<std::uint8_t>(random.below(8)), random.number<std::uint8_t>(), sources},
            igmp_v3_report{record_count, bytes_view{records}.first(records_size)},
        };
        const igmp_message sent{bodies[random.below(3)]};
        const auto out = rig::emitted(sent, checksum_fill::compute);
        const auto view = igmp_view::parse(out, checksum_check::verify);
        ASSERT_TRUE(view);
        EXPECT_EQ(igmp_message::from(*view), sent);
        rig::expect_needs_its_room(sent, checksum_fill::compute);
    }
}

TEST(igmp, truncated_at_every_length) {
    const auto query = v3_query();
    for (std::size_t size = 0; size < query.size(); ++size) {
        const auto view = igmp_view::parse(bytes_view{query}.first(size), checksum_check::trust);
        if (size == 8) {
            EXPECT_EQ(view->query_version(), 2);
            continue;
        }
        EXPECT_EQ(view.error(), size > 8 && size < 12 ? parse_error::bad_total_length : parse_error::truncated) << size;
    }
    const auto report = v3_report();
    for (std::size_t size = 0; size < report.size(); ++size) {
        EXPECT_EQ(igmp_view::parse(bytes_view{report}.first(size), checksum_check::trust).error(),
                  parse_error::truncated);
    }
}

TEST(igmp, hostile_counts) {
    auto query = v3_query();
    store_be(query, 10, std::uint16_t{0xffff});
    EXPECT_EQ(igmp_view::parse(query, checksum_check::trust).error(), parse_error::truncated);
    auto report = v3_report();
    store_be(report, 6, std::uint16_t{0xffff});
    EXPECT_EQ(igmp_view::parse(report, checksum_check::trust).error(), parse_error::truncated);
    report = v3_report();
    store_be(report, 18, std::uint16_t{0xffff});
    EXPECT_EQ(igmp_view::parse(report, checksum_check::trust).error(), parse_error::truncated);
}

TEST(igmp, emit_refuses_what_no_message_can_say) {
    std::vector<std::byte> out(64, std::byte{0xee});
    const auto some = hex("04000000 e0010203 00");
    const auto emit = [&out](decltype(igmp_message::body) body) {
        return igmp_message{body}.emit(out, checksum_fill::compute);
    };
    EXPECT_EQ(emit(igmp_group_message{.group = rig::ip("ff02::1")}), 0U);
    EXPECT_EQ(emit(igmp_group_message{.type = igmp_type::v3_membership_report}), 0U);
    EXPECT_EQ(emit(igmp_v3_query{.robustness = 8}), 0U);
    EXPECT_EQ(emit(igmp_v3_query{.sources = some}), 0U);
    EXPECT_EQ(emit(igmp_v3_report{.record_count = 1, .records = some}), 0U);
    EXPECT_EQ(emit(igmp_v3_report{.record_count = 2, .records = bytes_view{some}.first(8)}), 0U);
    EXPECT_EQ((igmp_group_record{.sources = some}.emit(out)), 0U);
    EXPECT_EQ((igmp_group_record{.auxiliary_data = some}.emit(out)), 0U);
    EXPECT_EQ((igmp_group_record{.group = rig::ip("::1")}.emit(out)), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
    EXPECT_EQ(emit(igmp_v3_report{.record_count = 1, .records = bytes_view{some}.first(8)}), 16U);
}

TEST(igmp, every_flipped_bit_is_noticed) {
    auto bytes = v3_report();
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        EXPECT_FALSE(igmp_view::parse(bytes, checksum_check::verify)) << bit;
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
}

TEST(igmp, hostile_bytes) {
    for (const auto& sample : {v3_query(), v3_report()}) {
        rig::survive(sample, [](bytes_view bytes) {
            const auto view = igmp_view::parse(bytes, checksum_check::trust);
            if (!view) return;
            const auto message = igmp_message::from(*view);
            const auto out = rig::emitted(message, checksum_fill::compute);
            EXPECT_EQ(igmp_message::from(igmp_view::parse(out, checksum_check::verify).value()), message);
        });
    }
}

}  // namespace
}  // namespace sonde::wire
