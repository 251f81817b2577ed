#include <set>

#include <cli/held_lines.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{100s};
const ip_address one = ip_address::v4(1);
const ip_address two = ip_address::v4(2);

held_line line(std::string text, std::vector<ip_address> needs, duration patience = 1s) {
    return {std::move(needs), [text = std::move(text)](std::string& out) { out += text; }, start + patience};
}

TEST(held_lines, wait_for_what_they_need_in_order) {
    std::set<ip_address> known;
    const auto settled = [&](const ip_address& a) { return known.contains(a); };
    held_lines lines;
    lines.add(line("a", {one, two}));
    lines.add(line("b", {}));
    std::string out;
    lines.release(out, start, settled);
    EXPECT_EQ(out, "") << "what needs nothing waits for what stands before it";
    known = {one};
    lines.release(out, start, settled);
    EXPECT_EQ(out, "");
    known = {one, two};
    lines.release(out, start, settled);
    EXPECT_EQ(out, "ab");
    EXPECT_TRUE(lines.empty());
    EXPECT_EQ(lines.next(), time_point::max());
}

TEST(held_lines, wait_no_longer_than_they_may) {
    const auto never = [](const ip_address&) { return false; };
    held_lines lines;
    lines.add(line("a", {one}, 1s));
    lines.add(line("b", {one}, 2s));
    EXPECT_EQ(lines.next(), start + 1s);
    std::string out;
    lines.release(out, start + 1s - 1ns, never);
    EXPECT_EQ(out, "");
    lines.release(out, start + 1s, never);
    EXPECT_EQ(out, "a");
    EXPECT_EQ(lines.next(), start + 2s);
}

TEST(held_lines, all_at_the_end) {
    held_lines lines;
    lines.add(line("a", {one}));
    lines.add(line("b", {two}));
    std::string out;
    lines.release_all(out);
    EXPECT_EQ(out, "ab");
    EXPECT_TRUE(lines.empty());
}

}  // namespace
}  // namespace sonde::cli
