// Filter expressions: a failure has a column in the expression and is safe to print; what compiles can run over
// anything. The words are of the language: a name would ask the network.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/socket/bpf_filter.hpp>

#include "fuzz.hpp"

namespace {

using sonde::fuzz::require;

constexpr std::array<std::string_view, 64> vocabulary{
    "tcp",     "udp",        "icmp", "icmp6",     "ip",   "ip6", "arp",         "vlan",      "host",      "net",
    "port",    "src",        "dst",  "and",       "or",   "not", "ether",       "proto",     "gateway",   "portrange",
    "less",    "greater",    "(",    ")",         "[",    "]",   "&",           "|",         "!",         "&&",
    "||",      "=",          "!=",   "<",         ">=",   "+",   "-",           "*",         "/",         "<<",
    ":",       "0",          "1",    "2",         "4",    "13",  "255",         "65536",     "0xff",      "99999999999",
    "1.2.3.4", "1.2.3.0/24", "::1",  "fe80::/10", "mask", "len", "1:2:3:4:5:6", "broadcast", "multicast", "inbound",
    "ifindex", "tcpflags",   "mpls", "@"};

constexpr std::array links{sonde::link_type::ethernet, sonde::link_type::raw_ip, sonde::link_type::linux_cooked_v2,
                           sonde::link_type::null_loopback};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 200) return 0;
    const auto link = links[data[0] % links.size()];
    std::string expression;
    for (std::size_t i = 1; i < size; ++i) {
        expression += vocabulary[data[i] % vocabulary.size()];
        expression += ' ';
    }
    const auto compiled = sonde::socket::bpf_filter::compile(expression, link);
    if (!compiled) {
        const auto& [what, remedy, code] = compiled.error();
        require(what.find("column ") != std::string::npos, "a failure has a column");
        for (const char c : what) require(c >= ' ' && c <= '~', "it is safe to print");
        require(remedy.find('^') != std::string::npos, "and a caret");
        return 0;
    }
    const sonde::bytes_view frame = sonde::fuzz::input(data, size);
    (void)compiled->matches(frame, frame.size());
    (void)compiled->matches({}, 0);
    if (const auto cooked = compiled->for_cooked_socket()) (void)cooked->matches(frame, frame.size());
    // The bytes as a program: it is refused or runs to its end.
    std::vector<sonde::socket::bpf_instruction> program;
    for (std::size_t i = 0; i + 8 <= size; i += 8) {
        program.push_back({sonde::load_be<std::uint16_t>(frame, i), data[i + 2], data[i + 3],
                           sonde::load_be<std::uint32_t>(frame, i + 4)});
    }
    (void)sonde::socket::bpf_filter(program).matches(frame, frame.size());
    return 0;
}
