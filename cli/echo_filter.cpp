#include <array>

#include <cli/echo_filter.hpp>

namespace sonde::cli {

namespace {

// linux/filter.h and linux/bpf_common.h.
constexpr std::uint16_t load_word = 0x20;
constexpr std::uint16_t load_byte = 0x30;
constexpr std::uint16_t jump_if_equal = 0x15;
constexpr std::uint16_t give = 0x06;
constexpr std::uint32_t ancillary = 0xfffff000;
constexpr std::uint32_t ethertype = ancillary + 0;    // what follows the tag that the kernel took out
constexpr std::uint32_t packet_type = ancillary + 4;  // of which 4 is outgoing
constexpr std::uint32_t network = 0xfff00000;         // offsets from the network header

struct step {
    std::uint16_t code;
    std::uint32_t k;
    std::uint8_t then = 0;  // absolute, where it jumps
    std::uint8_t otherwise = 0;
};

constexpr std::uint8_t accept = 24;
constexpr std::uint8_t reject = 25;
constexpr std::array<step, 26> program{{
    {load_word, packet_type},              // 0
    {jump_if_equal, 4, 13, 2},             // 1
    {load_word, ethertype},                // 2, coming in
    {jump_if_equal, 0x0806, accept, 4},    // 3
    {jump_if_equal, 0x8100, accept, 5},    // 4, a further tag: looked at by the responder
    {jump_if_equal, 0x88a8, accept, 6},    // 5
    {jump_if_equal, 0x86dd, 10, 7},        // 6
    {jump_if_equal, 0x0800, 8, reject},    // 7
    {load_byte, network + 9},              // 8, IPv4
    {jump_if_equal, 1, accept, reject},    // 9
    {load_byte, network + 6},              // 10, IPv6: extension headers too
    {jump_if_equal, 6, reject, 12},        // 11
    {jump_if_equal, 17, reject, accept},   // 12
    {load_word, ethertype},                // 13, leaving
    {jump_if_equal, 0x86dd, 20, 15},       // 14
    {jump_if_equal, 0x0800, 16, reject},   // 15
    {load_byte, network + 9},              // 16, IPv4: few replies have options
    {jump_if_equal, 1, 18, reject},        // 17
    {load_byte, network + 20},             // 18
    {jump_if_equal, 0, accept, reject},    // 19
    {load_byte, network + 6},              // 20, IPv6
    {jump_if_equal, 58, 22, reject},       // 21
    {load_byte, network + 40},             // 22
    {jump_if_equal, 129, accept, reject},  // 23
    {give, 0x40000},                       // 24
    {give, 0},                             // 25
}};

}  // namespace

socket::bpf_filter echo_filter() {
    std::vector<socket::bpf_instruction> instructions;
    for (std::size_t at = 0; at < program.size(); ++at) {
        const step& s = program[at];
        const bool jumps = s.code == jump_if_equal;
        const auto distance = [&](std::uint8_t to) { return static_cast<std::uint8_t>(jumps ? to - at - 1 : 0); };
        instructions.push_back({s.code, distance(s.then), distance(s.otherwise), s.k});
    }
    return socket::bpf_filter(std::move(instructions));
}

}  // namespace sonde::cli
