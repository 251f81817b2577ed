#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <cli/command.hpp>
#include <cli/options.hpp>
#include <gtest/gtest.h>

namespace {

using namespace sonde::cli;
using namespace std::chrono_literals;

/// A subcommand with one option of each kind, and what became of a command line.
struct parsed {
    std::optional<std::uint32_t> count;
    std::uint8_t ttl = 0;
    sonde::duration interval = 1s;
    bool numeric = false;
    std::vector<std::string> targets;
    std::optional<int> exit_code;
    std::string complaint;
    std::string shown;
};

parsed run(std::initializer_list<const char*> words) {
    parsed p;
    options o("ping", "asks hosts");
    o.number("-c,--count", p.count, {1, 1'000'000}, "stop after N pings");
    o.number("-t,--ttl", p.ttl, {1, 255}, "time to live");
    o.duration("-i,--interval", p.interval, 1s, "between pings");
    o.app().add_flag("-n,--numeric", p.numeric, "no names");
    o.app().add_option("TARGET", p.targets, "hosts");

    std::vector<std::string> storage{"ping"};
    storage.insert(storage.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (auto& word : storage) argv.push_back(word.data());
    argv.push_back(nullptr);
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    p.exit_code = o.parse(static_cast<int>(storage.size()), argv.data());
    p.shown = testing::internal::GetCapturedStdout();
    p.complaint = testing::internal::GetCapturedStderr();
    return p;
}

TEST(Options, FingersKeepWorking) {
    const auto p = run({"-nc3", "-i0.2", "192.0.2.1", "-t", "0x40", "192.0.2.2"});
    EXPECT_FALSE(p.exit_code) << p.complaint;
    EXPECT_EQ(p.count, 3U);
    EXPECT_EQ(p.interval, 200ms);
    EXPECT_EQ(p.ttl, 64);
    EXPECT_TRUE(p.numeric);
    EXPECT_EQ(p.targets, (std::vector<std::string>{"192.0.2.1", "192.0.2.2"}));
}

TEST(Options, LongNamesUnitsAndTheLastOneWins) {
    const auto p = run({"--count=5", "--count", "6", "--interval=50us"});
    EXPECT_FALSE(p.exit_code) << p.complaint;
    EXPECT_EQ(p.count, 6U);
    EXPECT_EQ(p.interval, 50us);
}

TEST(Options, BadInputIsOneClearLine) {
    const std::vector<std::pair<std::vector<const char*>, std::string>> cases{
        {{"-c", "-1"}, "sonde ping: --count: '-1' is negative: write 1 to 1000000\n"},
        {{"-c", "0"}, "sonde ping: --count: '0' is too small: write 1 to 1000000\n"},
        {{"-c", "3x"}, "sonde ping: --count: '3x' is not a whole number: write 1 to 1000000\n"},
        {{"-c", ""}, "sonde ping: --count: '' is not a whole number: write 1 to 1000000\n"},
        {{"-t", "256"}, "sonde ping: --ttl: '256' is too large: write 1 to 255\n"},
        {{"-c", "99999999999999999999"},
         "sonde ping: --count: '99999999999999999999' is too large: write 1 to 1000000\n"},
        {{"-c", "\x1b[2J"}, "sonde ping: --count: '\\x1b[2J' is not a whole number: write 1 to 1000000\n"},
        {{"-c"}, "sonde ping: --count needs a value\n"},
        {{"--cuont", "3"}, "sonde ping: unknown option '--cuont'; did you mean '--count'?\n"},
        {{"--intervall=3"}, "sonde ping: unknown option '--intervall'; did you mean '--interval'?\n"},
        {{"--frobnicate"}, "sonde ping: unknown option '--frobnicate'; see 'sonde ping --help'\n"},
    };
    for (const auto& [words, line] : cases) {
        const auto p = words.size() == 2 ? run({words[0], words[1]}) : run({words[0]});
        EXPECT_EQ(p.exit_code, exit_trouble) << line;
        EXPECT_EQ(p.complaint, line);
        EXPECT_EQ(p.shown, "");
    }
    const auto p = run({"-i", "-1"});
    EXPECT_EQ(p.exit_code, exit_trouble);
    EXPECT_EQ(p.complaint.find("sonde ping: --interval: '-1'"), 0U) << p.complaint;
}

TEST(Options, RubbishIsRefusedEvenWhenOverridden) {
    EXPECT_EQ(run({"-c", "x", "-c", "3"}).exit_code, exit_trouble);
}

TEST(Options, HelpAndVersionAreAnswers) {
    const auto help = run({"-h"});
    EXPECT_EQ(help.exit_code, exit_yes);
    EXPECT_NE(help.shown.find("  -c, --count N             stop after N pings\n"), std::string::npos) << help.shown;
    EXPECT_EQ(help.complaint, "");
    const auto version = run({"--version"});
    EXPECT_EQ(version.exit_code, exit_yes);
    EXPECT_EQ(version.shown, std::string(version_line()) + "\n");
}

TEST(Options, Numbers) {
    EXPECT_EQ(parse_number("18446744073709551615", {}).value(), 18446744073709551615U);
    EXPECT_EQ(parse_number("0xff", {0, 255}).value(), 255U);
    for (const char* bad : {"", "x", "0x", "+1", " 1", "1 ", "1.5", "-0", "18446744073709551616", "0x-1"}) {
        EXPECT_FALSE(parse_number(bad, {})) << bad;
    }
}

}  // namespace
