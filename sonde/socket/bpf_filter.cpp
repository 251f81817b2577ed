#include <algorithm>
#include <memory>
#include <pcap/pcap.h>

#include <fmt/format.h>

#include <sonde/socket/bpf_filter.hpp>
#include <sonde/socket/data_link_type.hpp>
#include <sonde/socket/filter_error.hpp>

#include <linux/filter.h>

namespace sonde::socket {

static_assert(sizeof(bpf_instruction) == sizeof(bpf_insn) && offsetof(bpf_instruction, k) == offsetof(bpf_insn, k) &&
              offsetof(bpf_instruction, jump_true) == offsetof(bpf_insn, jt) &&
              offsetof(bpf_instruction, jump_false) == offsetof(bpf_insn, jf));

namespace {

struct pcap_release {
    void operator()(pcap_t* handle) const noexcept { ::pcap_close(handle); }
};
using pcap_handle = std::unique_ptr<pcap_t, pcap_release>;

const bpf_insn* program_of(std::span<const bpf_instruction> instructions) noexcept {
    return static_cast<const bpf_insn*>(static_cast<const void*>(instructions.data()));
}

struct compiled {
    std::vector<bpf_instruction> program;
    std::string complaint;
};

compiled compile_with_pcap(const std::string& expression, link_type link, std::uint32_t snap_length,
                           bool optimized = true) {
    const pcap_handle handle(::pcap_open_dead(data_link_type(link), static_cast<int>(snap_length)));
    compiled outcome;
    if (!handle) {
        outcome.complaint = "libpcap is out of memory";
        return outcome;
    }
    bpf_program program{};
    if (::pcap_compile(handle.get(), &program, expression.c_str(), optimized ? 1 : 0, PCAP_NETMASK_UNKNOWN) != 0) {
        outcome.complaint = ::pcap_geterr(handle.get());
        if (outcome.complaint.empty()) outcome.complaint = "libpcap does not say why";
        return outcome;
    }
    for (const bpf_insn& i : std::span{program.bf_insns, program.bf_len}) {
        outcome.program.push_back({i.code, i.jt, i.jf, i.k});
    }
    ::pcap_freecode(&program);
    return outcome;
}

/// Linux "cooked" header of LINKTYPE_LINUX_SLL2: the field that a load reads, as the kernel's ancillary data.
struct cooked_field {
    std::uint32_t offset;
    std::uint16_t size;
    std::uint32_t ancillary;
};
constexpr std::uint32_t cooked_header_size = 20;
constexpr cooked_field cooked_fields[] = {
    {0, BPF_H, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL)},
    {4, BPF_W, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_IFINDEX)},
    {8, BPF_H, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_HATYPE)},
    {10, BPF_B, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)},
};

/// Whether the instruction can be said for a socket without link header, and is now.
bool rewrite_for_cooked(bpf_instruction& i) noexcept {
    const auto instruction_class = BPF_CLASS(i.code);
    if (instruction_class != BPF_LD && instruction_class != BPF_LDX) return true;
    const auto mode = BPF_MODE(i.code);
    if (mode == BPF_LEN) return false;  // the kernel's length is without the header
    if (mode != BPF_ABS && mode != BPF_IND && mode != BPF_MSH) return true;
    if (i.k >= static_cast<std::uint32_t>(SKF_LL_OFF)) return true;  // ancillary data already
    if (i.k >= cooked_header_size) {
        i.k -= cooked_header_size;
        return true;
    }
    if (mode != BPF_ABS) return false;
    for (const auto& field : cooked_fields) {
        if (field.offset == i.k && field.size == BPF_SIZE(i.code)) {
            i.k = field.ancillary;
            return true;
        }
    }
    return false;
}

}  // namespace

bpf_filter::bpf_filter(std::vector<bpf_instruction> instructions) noexcept : instructions_(std::move(instructions)) {
    valid_ = instructions_.empty() ||
             (instructions_.size() <= BPF_MAXINSNS &&
              ::bpf_validate(program_of(instructions_), static_cast<int>(instructions_.size())) != 0);
}

result<bpf_filter> bpf_filter::compile(std::string_view expression, link_type link, std::uint32_t snap_length) {
    // libpcap would read up to it and leave the rest out.
    if (const auto zero = expression.find('\0'); zero != std::string_view::npos) {
        return filter_failure(expression, "a zero byte", zero + 1);
    }
    snap_length = std::clamp<std::uint32_t>(snap_length, 1, 0x7fffffff);
    auto outcome = compile_with_pcap(std::string(expression), link, snap_length);
    if (!outcome.complaint.empty()) {
        // To optimize takes nearly all of the time, and the grammar complains before.
        const bool optimized = outcome.complaint.find("syntax error") == std::string::npos;
        const auto complaint_about = [&](const std::string& text) {
            return compile_with_pcap(text, link, snap_length, optimized).complaint;
        };
        return filter_failure(expression, outcome.complaint,
                              filter_error_column(expression, outcome.complaint, complaint_about));
    }
    bpf_filter filter(std::move(outcome.program));
    const auto words = filter_words(expression);
    filter.reads_vlan_tags_ = std::ranges::find(words, "vlan") != words.end();
    return filter;
}

bpf_filter bpf_filter::nothing() {
    return bpf_filter({{BPF_RET | BPF_K, 0, 0, 0}});
}

bool bpf_filter::matches(bytes_view frame, std::size_t full_size) const noexcept {
    if (instructions_.empty()) return true;
    if (!valid_) return false;
    const auto* bytes = static_cast<const u_char*>(static_cast<const void*>(frame.data()));
    return ::bpf_filter(program_of(instructions_), bytes, static_cast<u_int>(std::max(full_size, frame.size())),
                        static_cast<u_int>(frame.size())) != 0;
}

result<bpf_filter> bpf_filter::for_cooked_socket() const {
    std::vector<bpf_instruction> rewritten(instructions_);
    for (auto& instruction : rewritten) {
        if (!rewrite_for_cooked(instruction)) {
            return failure{"this filter reads what a socket for all interfaces does not tell the kernel's filter",
                           {},
                           std::make_error_code(std::errc::not_supported)};
        }
    }
    bpf_filter filter(std::move(rewritten));
    filter.reads_vlan_tags_ = reads_vlan_tags_;
    return filter;
}

}  // namespace sonde::socket
