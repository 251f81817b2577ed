#include <gtest/gtest.h>

#include <sonde/socket/bpf_filter.hpp>
#include <sonde/socket/filter_error.hpp>

namespace sonde::socket {
namespace {

using words = std::vector<std::string_view>;

TEST(filter_error, words) {
    EXPECT_EQ(filter_words("tcp[13:2] & 0x1-2!=0&&not (host a-b.c||vlan)"),
              (words{"tcp", "[", "13", ":", "2", "]", "&", "0x1-2", "!=", "0", "&&", "not", "(", "host", "a-b.c", "||",
                     "vlan", ")"}));
    EXPECT_EQ(filter_words("ether host 1:2:3:4:5:6\tor ip6 host ::1"),
              (words{"ether", "host", "1:2:3:4:5:6", "or", "ip6", "host", "::1"}));
    EXPECT_EQ(filter_words(" \n "), words{});
}

struct wrong {
    const char* expression;
    std::size_t column;
    const char* complaint;  // a part of it
};

class wrong_filters : public testing::TestWithParam<wrong> {};

TEST_P(wrong_filters, column) {
    const auto& [expression, column, complaint] = GetParam();
    const auto compiled = bpf_filter::compile(expression, link_type::ethernet);
    ASSERT_FALSE(compiled.has_value());
    const failure& f = compiled.error();
    EXPECT_TRUE(f.what.starts_with("the filter does not compile, column " + std::to_string(column) + ": ")) << f.what;
    EXPECT_NE(f.what.find(complaint), std::string::npos) << f.what;
    // The caret stands below the column.
    EXPECT_EQ(f.remedy, "    " + std::string(expression) + "\n    " + std::string(column - 1, ' ') + "^");
}

INSTANTIATE_TEST_SUITE_P(
    filter_error, wrong_filters,
    testing::Values(
        wrong{"tcp adn udp", 5, "syntax error"},                                                     //
        wrong{"foo", 1, "syntax error"},                                                             //
        wrong{"tcp port", 9, "syntax error"},                                                        // ends too early
        wrong{"tcp and   port", 15, "syntax error"},                                                 //
        wrong{"not", 4, "syntax error"},                                                             //
        wrong{"and tcp", 1, "syntax error"},                                                         //
        wrong{"tcp or or udp", 8, "syntax error"},                                                   //
        wrong{"tcp)", 4, "syntax error"},                                                            //
        wrong{"tcp and (port 80 or port 81", 28, "syntax error"}, wrong{"ip[0", 5, "syntax error"},  //
        wrong{"ip[0]", 6, "syntax error"},                                                           //
        wrong{"ip & 1", 4, "syntax error"},                                                          //
        wrong{"icmp[icmptype] = foo", 18, "syntax error"},
        wrong{"tcp[tcpflags] & tcp-syn != 0 andd port 3", 30, "syntax error"},
        wrong{"(tcp[13] & 2 == 2) and prot 3", 24, "syntax error"}, wrong{"host 1.2.3.4 port 80", 14, "syntax error"},
        wrong{"port 1 && tcp $", 15, "syntax error"}, wrong{"tcp port 80,81", 12, "syntax error"},  //
        wrong{"tcp @ 3", 5, "syntax error"},                                                        //
        wrong{"tcp or port nosuchservice", 13, "unknown port"}, wrong{"host 1.2.3.456", 6, "invalid IPv4 address"},
        wrong{"port 70000", 6, "illegal port number"},                                                      //
        wrong{"portrange 1-99999", 11, "illegal port number"}, wrong{"net 1.2.3.4/33", 13, "mask length"},  //
        wrong{"port 33 or net 1.2.3.4/33", 24, "mask length"}, wrong{"tcp[99999999999]=1", 5, "overflows"},
        wrong{"net 10.0.0.1/8", 5, "non-network bits"}, wrong{"ip proto nosuch", 10, "unknown ip proto"},
        wrong{"tcp and ether host 1:2", 20, "illegal link layer address"},
        wrong{"ip and vlan 5000", 13, "VLAN tag 5000"},  //
        wrong{"tcp and ip[0:3]=1", 14, "data size"},     //
        wrong{"ip and ip[0]/0=1", 14, "division by zero"}, wrong{"tcp host 1.2.3.4", 1, "modifier applied"},
        wrong{"tcp or ip broadcast", 8, "netmask not known"}));

TEST(filter_error, the_place_of_a_grammar_error_takes_a_few_trials) {
    std::string expression;
    for (int i = 0; i < 150; ++i) expression += "tcp or ";
    expression += "BAD or udp";
    int trials = 0;
    const auto column = filter_error_column(expression, "syntax error", [&](const std::string& text) -> std::string {
        ++trials;
        return text.find("BAD") == std::string::npos ? "" : "syntax error";
    });
    EXPECT_EQ(column, expression.find("BAD") + 1);
    EXPECT_LT(trials, 200) << "each of them compiles";
}

TEST(filter_error, what_it_prints_is_harmless) {
    const auto compiled = bpf_filter::compile("tcp \x1b[2J\xe2\x80\xae or\nudp", link_type::ethernet);
    ASSERT_FALSE(compiled.has_value());
    EXPECT_EQ(compiled.error().remedy, "    tcp ?[2J??? or?udp\n        ^");
    const auto zero = bpf_filter::compile(std::string_view("tcp\0rubbish", 11), link_type::ethernet);
    ASSERT_FALSE(zero.has_value());
    EXPECT_TRUE(zero.error().what.starts_with("the filter does not compile, column 4")) << zero.error().what;
}

TEST(filter_error, a_long_expression_is_shown_around_the_place) {
    std::string expression;
    for (int i = 0; i < 60; ++i) expression += "tcp or ";
    expression += "foo and ";
    const std::size_t column = expression.find("foo") + 1;
    for (int i = 0; i < 20; ++i) expression += "tcp or ";
    expression += "udp";
    const auto compiled = bpf_filter::compile(expression, link_type::ethernet);
    ASSERT_FALSE(compiled.has_value());
    EXPECT_NE(compiled.error().what.find("column " + std::to_string(column) + ":"), std::string::npos);
    const std::string& shown = compiled.error().remedy;
    EXPECT_LT(shown.size(), 260U);
    const auto second_line = shown.find('\n') + 1;
    EXPECT_EQ(shown.substr(shown.find('^') - second_line, 3), "foo");
    // Absurd ones end soon.
    EXPECT_FALSE(bpf_filter::compile(std::string(100'000, '('), link_type::ethernet).has_value());
}

}  // namespace
}  // namespace sonde::socket
