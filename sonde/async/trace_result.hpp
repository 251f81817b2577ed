// What a whole trace found.
#pragma once

#include <cstdint>
#include <vector>

#include <sonde/probe/trace_event.hpp>
#include <sonde/probe/trace_options.hpp>
#include <sonde/probe/trace_record.hpp>

namespace sonde {

/// What `async_trace` completes with. A value type.
struct trace_result {
    explicit trace_result(const probe::trace_options& options) : record(options) {}

    probe::trace_end end = probe::trace_end::silent;
    int error_number = 0;  ///< of `failed`
    /// Of the latest round, ascending by TTL, every probe of each.
    std::vector<probe::hop_report> hops = {};
    /// All rounds: who answered where, paths, MTUs; for `probe::verdicts_of`.
    probe::trace_record record;

    [[nodiscard]] bool reached() const noexcept { return end == probe::trace_end::reached; }
    explicit operator bool() const noexcept { return reached(); }

    void add(probe::trace_event&& e);
};

}  // namespace sonde
