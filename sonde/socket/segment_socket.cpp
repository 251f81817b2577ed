#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

#include <sonde/socket/bound_port.hpp>
#include <sonde/socket/bpf_filter.hpp>
#include <sonde/socket/control_message.hpp>
#include <sonde/socket/family_options.hpp>
#include <sonde/socket/segment_socket.hpp>

#include <linux/filter.h>

namespace sonde::socket {

namespace {

constexpr std::uint32_t destination_port_at = 2;
constexpr std::uint32_t flags_at = 13;
constexpr std::uint32_t unprivileged_ports = 65536 - 1024;
constexpr std::uint32_t reset = 0x04;
constexpr std::uint32_t syn_and_ack = 0x12;

constexpr bpf_instruction statement(std::uint16_t code, std::uint32_t k) {
    return {.code = code, .jump_true = 0, .jump_false = 0, .k = k};
}
constexpr bpf_instruction jump(std::uint16_t code, std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
    return {.code = code, .jump_true = yes, .jump_false = no, .k = k};
}

/// Every TCP segment that reaches this machine would come in.
bpf_filter answers_to(std::uint16_t port, bool behind_ip_header) {
    const auto first = behind_ip_header ? statement(BPF_LDX | BPF_B | BPF_MSH, 0)  // four times the header's length
                                        : statement(BPF_LDX | BPF_W | BPF_IMM, 0);
    return bpf_filter({first,                                                     //
                       statement(BPF_LD | BPF_H | BPF_IND, destination_port_at),  //
                       jump(BPF_JMP | BPF_JGE | BPF_K, port, 1, 0),               //
                       statement(BPF_ALU | BPF_ADD | BPF_K, unprivileged_ports),  // the last is followed by the first
                       statement(BPF_ALU | BPF_SUB | BPF_K, port),                //
                       jump(BPF_JMP | BPF_JGE | BPF_K, segment_socket::ports, 5, 0),  //
                       statement(BPF_LD | BPF_B | BPF_IND, flags_at),                 //
                       jump(BPF_JMP | BPF_JSET | BPF_K, reset, 2, 0),                 //
                       statement(BPF_ALU | BPF_AND | BPF_K, syn_and_ack),             //
                       jump(BPF_JMP | BPF_JEQ | BPF_K, syn_and_ack, 0, 1),            //
                       statement(BPF_RET | BPF_K, ~0U),                               //
                       statement(BPF_RET | BPF_K, 0)});
}

}  // namespace

result<segment_socket> segment_socket::open(const segment_socket_options& options) {
    auto raw = raw_socket::open({.family = options.family,
                                 .protocol = IPPROTO_TCP,
                                 .interface = options.interface,
                                 .source = options.source,
                                 .receive_buffer = 1 << 20});
    if (!raw) return raw.error();
    descriptor reserved(::socket(options_of(options.family).domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!reserved) return system_failure("cannot open a TCP socket that reserves a port", errno);
    if (options.family == family::v6) set_option(reserved.get(), IPPROTO_IPV6, IPV6_V6ONLY, int{1});
    const auto port = bind_any_port(reserved.get(), options.family, options.source);
    if (!port) return port.error();
    if (const auto filtered = raw->accept_only(answers_to(*port, raw->delivers_ip_header())); !filtered) {
        return filtered.error();
    }
    return segment_socket(*std::move(raw), std::move(reserved), *port);
}

}  // namespace sonde::socket
