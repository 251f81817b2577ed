// A path as traceroute 2.1.2 prints it, line for line; and below it, what traceroute does not say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <sonde/probe/trace_event.hpp>
#include <sonde/report/address_note.hpp>
#include <sonde/report/target_view.hpp>

namespace sonde::report {

struct trace_text_options {
    bool numeric = false;      ///< -n: the address alone, not `NAME (ADDRESS)`
    bool extensions = false;   ///< -e
    bool systems = false;      ///< -A: `[AS64500]`, or `[*]` when unknown
    bool countries = false;    ///< `[DE]` behind it, or `[*]`
    std::uint8_t queries = 3;  ///< columns of a hop
};

/// Appends to the caller's text; holds nothing but its options. Everything untrusted is escaped.
class trace_text {
public:
    explicit trace_text(trace_text_options options) noexcept : options_(options) {}

    /// `traceroute to localhost (127.0.0.1), 30 hops max, 60 byte packets`
    void header(std::string& out, const target_view& target, unsigned max_hops, std::size_t packet_size) const;

    /// ` 3  r3.example (192.0.2.3)  1.204 ms  1.101 ms *`. An address is written where it differs from the one before.
    /// Of a hop that was asked again there are more probes than columns: then unanswered ones are left out; of one
    /// behind everybody who answers there are fewer: the rest are stars, as traceroute's would be. Behind the line `
    /// pmtu 1400` where the path MTU shrinks.
    void hop(std::string& out, const probe::hop_report& hop, const address_notes& notes,
             std::optional<std::uint32_t> mtu = {}) const;

private:
    void address(std::string& out, const probe::hop_answer& answer, const address_notes& notes) const;
    trace_text_options options_;
};

}  // namespace sonde::report
