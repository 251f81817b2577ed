// What `sonde lab` shows of an internet in memory behind a device: a page while it runs, and the summary at its end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sonde/base/time.hpp>
#include <sonde/report/target_table.hpp>
#include <sonde/sim/network.hpp>

namespace sonde::report {

/// What passed the device.
struct lab_counts {
    std::uint64_t read = 0;        ///< packets or frames that this machine sent: injected + neighbours + ignored
    std::uint64_t injected = 0;    ///< of those, into the scenario
    std::uint64_t neighbours = 0;  ///< ARP requests and neighbour solicitations (TAP)
    std::uint64_t ignored = 0;     ///< the kernel's own chatter: multicast, what is no IP
    std::uint64_t delivered = 0;   ///< by the scenario, to this machine: written + write_failed
    std::uint64_t written = 0;
    std::uint64_t write_failed = 0;  ///< the device was down, or full
    std::uint64_t elsewhere = 0;     ///< delivered to other outside nodes than this machine

    [[nodiscard]] bool adds_up() const noexcept {
        return read == injected + neighbours + ignored && delivered == written + write_failed;
    }
};

/// Borrows everything.
struct lab_view {
    std::string_view scenario;  ///< its file's name
    std::string_view device;
    const sim::network& network;
    lab_counts counts = {};
    duration elapsed = {};
};

/// The live page: totals, the busiest nodes and links, and why packets ended. At most `screen.lines` lines, none wider
/// than `screen.columns`, without a newline at the end.
[[nodiscard]] std::string lab_page_text(const lab_view& view, screen_size screen);

/// The same at the end, with all nodes and links that took part, at most `rows` of each.
[[nodiscard]] std::string lab_summary_text(const lab_view& view, std::size_t rows);

/// One line, for a status that is asked for in between.
[[nodiscard]] std::string lab_status_text(const lab_view& view);

}  // namespace sonde::report
