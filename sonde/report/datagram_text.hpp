// What `sonde recv` prints: a line for each datagram, or its bytes.
#pragma once

#include <string>

#include <sonde/report/datagram_view.hpp>
#include <sonde/report/line_writer.hpp>
#include <sonde/report/packet_time.hpp>

namespace sonde::report {

/// Appends to the caller's text; everything ends with a newline. One thread at a time.
class datagram_text {
public:
    explicit datagram_text(packet_time::utc_offset offset) noexcept : time_(packet_time_style::time_of_day, offset) {}

    /// `12:34:56.789012 10.0.2.2 > 10.0.2.15: id 2541, 84 bytes, ttl 64: ICMP echo request, id 7, seq 1`. The first
    /// echo request that came back over loopback says so.
    void line(std::string& out, const datagram_view& view);

    /// `45 00 00 1C ...`: the datagram in one row, as it was delivered.
    static void row(std::string& out, const datagram_view& view);
    /// The same in rows of sixteen with offsets and characters.
    static void dump(std::string& out, const datagram_view& view);

    /// `3 datagrams received, 1 filtered, 0 dropped by the kernel`.
    static void summary(std::string& out, const datagram_accounting& counts);

private:
    packet_time time_;
    line_writer line_;
    bool loop_explained_ = false;
};

/// What the message is, in a few words: `ICMP echo request, id 7, seq 1`, `TCP 443 > 51234 SYN ACK, 0 data bytes`.
[[nodiscard]] std::string message_words(const datagram_view& view);

}  // namespace sonde::report
