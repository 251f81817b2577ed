#include <initializer_list>
#include <vector>

#include <cli/trace_settings.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

using namespace std::chrono_literals;

trace_settings read(std::initializer_list<const char*> words) {
    std::vector<std::string> storage{"trace"};
    storage.insert(storage.end(), words.begin(), words.end());
    storage.emplace_back("127.0.0.1");
    std::vector<char*> argv;
    for (auto& word : storage) argv.push_back(word.data());
    argv.push_back(nullptr);
    auto settings = read_trace_settings(static_cast<int>(storage.size()), argv.data());
    EXPECT_TRUE(std::holds_alternative<trace_settings>(settings));
    return std::get<trace_settings>(std::move(settings));
}

TEST(trace_settings, waits) {
    const auto usual = read({}).options;
    EXPECT_EQ(usual.wait, 5s);
    EXPECT_EQ(usual.here, 3);
    EXPECT_EQ(usual.near, 10);
    const auto all = read({"-w", "2,4/8"}).options;
    EXPECT_EQ(all.wait, 2s);
    EXPECT_EQ(all.here, 4);
    EXPECT_EQ(all.near, 8);
    EXPECT_EQ(all.tail, 1s);
    const auto alone = read({"-w", "3"}).options;
    EXPECT_EQ(alone.wait, 3s);
    EXPECT_EQ(alone.tail, 3s) << "one number alone switches off what shortens the wait";
    EXPECT_GE(alone.here, 1e6);
    EXPECT_GE(alone.near, 1e6);
    EXPECT_EQ(read({"-w", "200ms,3,10"}).options.tail, 200ms) << "never longer than the longest wait";
}

TEST(trace_settings, a_bare_sendwait_above_ten_is_in_milliseconds) {
    EXPECT_EQ(read({"-z", "10"}).options.send_wait, 10s);
    EXPECT_EQ(read({"-z", "11"}).options.send_wait, 11ms);
    EXPECT_EQ(read({"-z", "0.5"}).options.send_wait, 500ms);
    EXPECT_EQ(read({"-z", "20s"}).options.send_wait, 20s);
}

TEST(trace_settings, methods_and_their_ports) {
    EXPECT_EQ(read({}).options.method, probe::trace_method::udp);
    EXPECT_EQ(read({}).options.port, 0) << "the machine's own";
    EXPECT_EQ(read({"-U"}).options.port, 53) << "traceroute's";
    EXPECT_EQ(read({"-U", "-p", "7"}).options.port, 7);
    EXPECT_EQ(read({"-I"}).options.method, probe::trace_method::icmp);
    EXPECT_EQ(read({"-T", "-p", "443"}).options.method, probe::trace_method::tcp);
    EXPECT_EQ(read({"-T", "-p", "443"}).options.port, 443);
}

TEST(trace_settings, goals) {
    EXPECT_EQ(read({"--paths", "--confidence", "99%"}).options.goal, probe::trace_goal::paths);
    EXPECT_DOUBLE_EQ(read({"--paths", "--confidence", "99%"}).options.confidence, 0.99);
    EXPECT_DOUBLE_EQ(read({"--confidence", "0.9"}).options.confidence, 0.9);
    EXPECT_EQ(read({"--mtu"}).options.goal, probe::trace_goal::mtu);
    EXPECT_FALSE(read({}).rounds());
    EXPECT_EQ(read({}).options.rounds, 1U);
    EXPECT_TRUE(read({"-c", "1"}).rounds());
    EXPECT_EQ(read({"-c", "0"}).options.rounds, 0U);
}

TEST(trace_settings, the_size_that_is_shown_is_traceroutes) {
    EXPECT_EQ(read({}).shown_size(family::v4), 60U);
    EXPECT_EQ(read({}).shown_size(family::v6), 80U);
    EXPECT_EQ(read({"--size", "1000"}).shown_size(family::v6), 1000U);
}

}  // namespace
}  // namespace sonde::cli
