// A packet in one line, as tcpdump writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <sonde/base/ip_address.hpp>
#include <sonde/report/line_writer.hpp>
#include <sonde/report/packet_view.hpp>
#include <sonde/report/tcp_sequences.hpp>

namespace sonde::report {

struct packet_line_options {
    bool link_header = false;         ///< -e
    bool absolute_sequences = false;  ///< -S: TCP's numbers as they stand in the header
    bool quick = false;               ///< -q: less of the protocols
};

/// Writes what tcpdump writes by default with -n, to the letter for well-formed packets of the protocols that sonde
/// knows, apart from what docs/sniff.md lists. Numbers only: no name is ever looked up. Not thread-safe: it remembers
/// TCP connections, as many as `tcp_sequences` does.
class packet_line {
public:
    explicit packet_line(const packet_line_options& options) : options_(options) {}

    /// Appends the line without its time and newline. True when the packet's payload was not understood at all, and
    /// tcpdump would show it in hexadecimal below: `unknown()` is what to show.
    bool write(line_writer& line, const packet_view& packet);
    [[nodiscard]] bytes_view unknown() const noexcept { return unknown_; }

private:
    using layers = std::span<const wire::layer>;
    // The network header that transport stands behind.
    struct network {
        family version;
        bytes_view source;
        bytes_view destination;
        std::uint32_t size;  // of what it carries, by its length field
        bool fragment;
        bool extended;  // the addresses have been written already
    };

    layers link(line_writer& line, layers rest);
    void link_headers(line_writer& line, layers rest);
    void cooked_columns(line_writer& line, bytes_view header);
    void link_type_and_size(line_writer& line, std::uint16_t type);
    void next(line_writer& line, layers rest);
    void unknown_link(line_writer& line, const wire::layer& payload);
    void arp(line_writer& line, const wire::layer& l);
    void ipv4(line_writer& line, layers rest);
    void ipv6(line_writer& line, layers rest);
    layers ipv6_extensions(line_writer& line, layers rest, network& n, bool& later_fragment);
    void transport(line_writer& line, layers rest, const network& n, std::uint8_t protocol);
    void addresses(line_writer& line, const network& n, bytes_view ports);
    void udp(line_writer& line, layers rest, const network& n);
    void tcp(line_writer& line, const wire::layer& l, const network& n);
    // The bytes of `l` and all behind it, as far as captured and at most `size` of them.
    [[nodiscard]] bytes_view message(const wire::layer& l, std::uint32_t size) const noexcept;

    packet_line_options options_;
    tcp_sequences sequences_;
    const packet_view* packet_ = nullptr;
    bytes_view unknown_;
    bool has_unknown_ = false;
    bool ended_ = false;  // nothing behind the link header can be told
};

}  // namespace sonde::report
