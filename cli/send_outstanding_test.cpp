#include <memory>
#include <string>

#include <cli/send_outstanding.hpp>
#include <cli/send_watch.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sonde/craft/builder.hpp>

namespace sonde::cli {
namespace {

std::vector<std::byte> bytes_of(const std::string& words) {
    return craft::build(craft::description::parse(words).value()).value().bytes;
}

std::shared_ptr<const prepared_packet> prepared(const std::string& words) {
    auto out = std::make_shared<prepared_packet>();
    out->complete = out->written = bytes_of(words);
    out->asked = craft::question::of(link_type::raw_ip, out->complete);
    return out;
}

std::string echo(int seq) {
    return fmt::format("ip(src=10.0.0.1, dst=10.0.0.2)/icmp(echo, id=7, seq={})", seq);
}

answer_owner owner_of(outstanding_packets& all, const std::string& words) {
    const auto frame = bytes_of(words);
    return all.owner_of(wire::dissect(link_type::raw_ip, frame, {.checksums = false}), frame);
}

answer_owner owner_of_reply(outstanding_packets& all, int seq) {
    return owner_of(all, fmt::format("ip(src=10.0.0.2, dst=10.0.0.1)/icmp(reply, id=7, seq={})", seq));
}

TEST(outstanding_packets, are_found_by_their_answers) {
    outstanding_packets all;
    for (int i = 0; i < 100; ++i) {
        // A packet that could not be sent has a number too, and is not here.
        all.add({.number = 1 + 2 * static_cast<std::uint64_t>(i), .packet = prepared(echo(i))});
    }
    EXPECT_EQ(all.open_questions(), 100U);
    const auto found = owner_of_reply(all, 42);
    ASSERT_NE(found.packet, nullptr);
    EXPECT_EQ(found.packet->number, 85U);
    EXPECT_TRUE(found.certain);
    EXPECT_EQ(found.kind, craft::answer_kind::reply);
    all.mark_answered(*found.packet);
    EXPECT_EQ(all.open_questions(), 99U);
    EXPECT_EQ(owner_of_reply(all, 42).packet, found.packet) << "an answer again";
    const auto error = owner_of(all, "ip(src=10.0.0.9, dst=10.0.0.1)/icmp(time_exceeded)/" + echo(3));
    ASSERT_NE(error.packet, nullptr);
    EXPECT_EQ(error.packet->number, 7U);
    EXPECT_EQ(error.kind, craft::answer_kind::error);
    EXPECT_EQ(owner_of_reply(all, 100).packet, nullptr);
    for (int i = 0; i < 50; ++i) all.drop_first();
    EXPECT_EQ(owner_of_reply(all, 42).packet, nullptr);
    EXPECT_EQ(owner_of_reply(all, 50).packet->number, 101U);
    EXPECT_EQ(all.open_questions(), 50U);
}

TEST(outstanding_packets, that_look_the_same_are_answered_in_turn) {
    outstanding_packets all;
    const auto same = prepared(echo(1));
    all.add({.number = 1, .packet = same});
    all.add({.number = 2, .packet = same});
    all.add({.number = 3, .packet = prepared(echo(1) + "/'another'")});
    for (const std::uint64_t expected : {1U, 2U, 3U}) {
        const auto found = owner_of_reply(all, 1);
        ASSERT_NE(found.packet, nullptr);
        EXPECT_EQ(found.packet->number, expected);
        EXPECT_EQ(found.certain, expected == 3) << "one alone is left";
        all.mark_answered(*found.packet);
    }
    EXPECT_FALSE(owner_of_reply(all, 1).certain);
    while (!all.empty()) all.drop_first();
    EXPECT_EQ(owner_of_reply(all, 1).packet, nullptr);
    EXPECT_EQ(all.open_questions(), 0U);
}

TEST(outstanding_packets, are_caught_on_their_way_out) {
    outstanding_packets all;
    EXPECT_EQ(all.catch_departure(bytes_of(echo(1))), nullptr);
    const auto same = prepared(echo(1));
    all.add({.number = 1, .packet = prepared(echo(0))});
    // More than what has been lost before it may hide.
    for (std::uint64_t number = 2; number < 202; ++number)
        all.add({.number = number, .packet = prepared(echo(1000 + static_cast<int>(number)))});
    all.add({.number = 202, .packet = same});
    all.add({.number = 203, .packet = same});
    auto left = bytes_of(echo(1));
    left[4] = std::byte{0x12};  // the kernel's identification
    for (const std::uint64_t expected : {202U, 203U}) {
        const outstanding* one = all.catch_departure(left);
        ASSERT_NE(one, nullptr);
        EXPECT_EQ(one->number, expected);
        EXPECT_TRUE(one->caught);
    }
    EXPECT_EQ(all.catch_departure(left), nullptr);
    all.drop_first();
    EXPECT_EQ(all.catch_departure(bytes_of(echo(0))), nullptr);
}

TEST(departure_key, is_the_same_through_every_door) {
    for (const door through : {door::link, door::network, door::transport}) {
        for (const char* words : {"ip(dst=10.0.0.2)/udp(dport=9)/'hello'", "ip6(dst=fd00::2)/icmp6(echo)/'hello'"}) {
            prepared_packet packet;
            packet.through = through;
            packet.complete = bytes_of(words);
            packet.written_at = through != door::transport ? 0 : words[2] == '6' ? 40 : 20;
            EXPECT_EQ(departure_key(packet), departure_key(through, packet.complete)) << words;
        }
    }
}

}  // namespace
}  // namespace sonde::cli
