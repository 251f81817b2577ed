// Which frames are wanted: classic BPF, compiled by libpcap from its filter language (pcap-filter(7)) or written by
// hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/link_type.hpp>

namespace sonde::socket {

/// As the kernel takes it (struct sock_filter, linux/filter.h).
struct bpf_instruction {
    std::uint16_t code = 0;
    std::uint8_t jump_true = 0;
    std::uint8_t jump_false = 0;
    std::uint32_t k = 0;
};

/// A value type: owns its instructions. Empty accepts everything.
class bpf_filter {
public:
    /// Accepts everything.
    bpf_filter() = default;
    /// A program that the kernel would refuse (a jump out of it, no return at its end) accepts nothing here.
    explicit bpf_filter(std::vector<bpf_instruction> instructions) noexcept;

    /// Compiles `expression` for frames of that link. The failure says what libpcap says and, with `column N` (bytes,
    /// counted from 1), where; its remedy is the expression with a caret below that column. Both are safe to print:
    /// whatever is not printable ASCII stands there as `?`. Names are resolved by the system's resolver, and may take
    /// its time. Any thread.
    [[nodiscard]] static result<bpf_filter> compile(std::string_view expression, link_type link,
                                                    std::uint32_t snap_length = 262144);

    /// Accepts nothing: what a socket holds until its real filter can be attached without a gap.
    [[nodiscard]] static bpf_filter nothing();

    [[nodiscard]] std::span<const bpf_instruction> instructions() const noexcept { return instructions_; }
    [[nodiscard]] bool accepts_all() const noexcept { return instructions_.empty(); }

    /// Whether the filter accepts the frame, as the kernel would; runs in this process. `full_size` is the frame's size
    /// on the wire.
    [[nodiscard]] bool matches(bytes_view frame, std::size_t full_size) const noexcept;

    /// The same for a cooked packet socket, which delivers no link header: what the program reads in the header of
    /// `linux_cooked_v2` is read from the kernel's ancillary data instead, what lies behind it 20 bytes earlier. A
    /// program that reads what has no such place (the link address, the frame's whole length) fails, and must run in
    /// this process, over a frame with that header in front.
    [[nodiscard]] result<bpf_filter> for_cooked_socket() const;

    /// It reads a VLAN tag, which the kernel takes out of the frame before a filter sees it: such a filter must run in
    /// this process, over the frame with its tag put back.
    [[nodiscard]] bool reads_vlan_tags() const noexcept { return reads_vlan_tags_; }

private:
    std::vector<bpf_instruction> instructions_;
    bool valid_ = true;
    bool reads_vlan_tags_ = false;
};

}  // namespace sonde::socket
