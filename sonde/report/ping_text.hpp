// `ping` as iputils 20221126 prints it, line for line, and percentiles and jitter on a line of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sonde/base/time.hpp>
#include <sonde/report/target_view.hpp>
#include <sonde/stats/tally.hpp>

namespace sonde::report {

struct ping_text_options {
    bool quiet = false;           ///< -q: no lines between the header and the statistics
    bool flood = false;           ///< -f: a dot per ping sent, a backspace per answer
    bool adaptive = false;        ///< -A: shows ipg/ewma, as `flood` does
    bool audible = false;         ///< -a: a bell per answer
    bool timestamps = false;      ///< -D: `[seconds.microseconds] ` before each line
    bool outstanding = false;     ///< -O: a line when a ping times out
    bool verbose = false;         ///< -v: further answers to a multicast ping are marked as duplicates, as others are
    bool labels = false;          ///< several targets: `LABEL : ` before each line
    std::size_t label_width = 0;  ///< columns that labels are padded to
};

/// The first lines. Borrows its texts.
struct ping_header {
    std::size_t payload = 56;
    std::optional<ip_address> source = {};  ///< shown with -I
    std::string_view interface = {};        ///< shown with -I NAME
    std::string_view address_name = {};     ///< the reverse name, shown for IPv6 only, as iputils does
};

/// What the statistics say beside the tally.
struct ping_run {
    duration elapsed{};      ///< from the first send to the last event
    std::uint32_t pipe = 0;  ///< most pings in flight at once; shown from 2 on
};

/// Appends to the caller's text; holds nothing but its options. Everything untrusted is escaped.
class ping_text {
public:
    explicit ping_text(ping_text_options options) noexcept : options_(options) {}

    /// `PATTERN: 0xff`
    void pattern(std::string& out, std::span<const std::byte> bytes) const;

    /// `PING localhost (127.0.0.1) 56(84) bytes of data.`
    void header(std::string& out, const target_view& target, const ping_header& header) const;

    /// For several targets: `PING 254 targets, 56 data bytes each`
    void header(std::string& out, std::size_t targets, std::size_t payload) const;

    /// A ping was sent: the dot of -f. Not to be called while more are in flight than the terminal has columns.
    void sent(std::string& out) const;

    /// The line of an event, its final newline included; nothing for those that have none (timeouts without -O,
    /// cancelled, closed, settled; all with -q).
    void event(std::string& out, const event_view& view) const;

    /// An empty line, then the block that begins with `--- LABEL ping statistics ---`.
    void statistics(std::string& out, std::string_view label, const stats::tally& tally, const ping_run& run) const;

    /// For SIGQUIT: `4/4 packets, 0% loss, min/avg/ewma/max = 0.010/0.018/0.013/0.030 ms`, after a carriage return.
    void status(std::string& out, const stats::tally& tally) const;

private:
    void prefix(std::string& out, const event_view& view) const;
    void answer(std::string& out, const event_view& view) const;
    void flood_event(std::string& out, const probe::event& event) const;
    ping_text_options options_;
};

}  // namespace sonde::report
