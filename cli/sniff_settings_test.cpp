#include <string>
#include <vector>

#include <cli/sniff_settings.hpp>
#include <gtest/gtest.h>

namespace {

using namespace sonde::cli;
using sonde::report::packet_time_style;

std::variant<sniff_settings, int> read(std::vector<std::string> words) {
    words.insert(words.begin(), "sniff");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    testing::internal::CaptureStderr();
    auto result = read_sniff_settings(static_cast<int>(words.size()), argv.data());
    (void)testing::internal::GetCapturedStderr();
    return result;
}

sniff_settings settings(std::vector<std::string> words) {
    auto result = read(std::move(words));
    EXPECT_TRUE(std::holds_alternative<sniff_settings>(result));
    return std::holds_alternative<sniff_settings>(result) ? std::get<sniff_settings>(result) : sniff_settings{};
}

TEST(SniffSettings, FilterIsTheRestOfTheWords) {
    EXPECT_EQ(settings({"-n", "icmp", "or", "arp"}).filter, "icmp or arp");
    EXPECT_EQ(settings({"icmp", "-i", "eth0", "and host ::1"}).filter, "icmp and host ::1");
    EXPECT_EQ(settings({"-nei", "eth0"}).interface, "eth0");
}

TEST(SniffSettings, LettersThatCount) {
    EXPECT_EQ(settings({}).time, packet_time_style::time_of_day);
    EXPECT_EQ(settings({"-t"}).time, packet_time_style::none);
    EXPECT_EQ(settings({"-tt"}).time, packet_time_style::since_epoch);
    EXPECT_EQ(settings({"-ttt"}).time, packet_time_style::since_previous);
    EXPECT_EQ(settings({"-tt", "-tt"}).time, packet_time_style::date_and_time);
    EXPECT_EQ(settings({"-ttttttt"}).time, packet_time_style::since_first);
    EXPECT_EQ(settings({"-x"}).hex, hex_style::packet);
    EXPECT_EQ(settings({"-xx"}).hex, hex_style::frame);
    EXPECT_EQ(settings({"-nX"}).hex, hex_style::packet_text);
    EXPECT_EQ(settings({"-XX"}).hex, hex_style::frame_text);
}

TEST(SniffSettings, ZeroMeansAllOfAPacket) {
    EXPECT_EQ(settings({"-s", "0"}).snap_length, sniff_settings::largest_snap_length);
    EXPECT_EQ(settings({"-s", "96"}).snap_length, 96U);
}

TEST(SniffSettings, WhatExcludesItselfIsRefused) {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"-r", "a", "-i", "lo"},
                                                                                       {"-r", "a", "--deadline", "1"},
                                                                                       {"--print"},
                                                                                       {"-w", "-", "--print"},
                                                                                       {"--json", "-w", "-"},
                                                                                       {"-c", "0"},
                                                                                       {"-c", "-1"},
                                                                                       {"-s", "300000"}}) {
        EXPECT_EQ(std::get<int>(read(words)), 2) << words.front();
    }
}

TEST(SniffSettings, WrittenPacketsAreShownOnRequest) {
    EXPECT_TRUE(settings({}).shows());
    EXPECT_FALSE(settings({"-w", "file"}).shows());
    EXPECT_TRUE(settings({"-w", "file", "--print"}).shows());
}

}  // namespace
