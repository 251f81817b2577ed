// A small picture of where the round-trip times lie.
#pragma once

#include <cstddef>
#include <string>

#include <sonde/stats/rtt_series.hpp>

namespace sonde::report {

struct plot_options {
    std::size_t columns = 80;  ///< width to fit
    std::size_t rows = 12;     ///< most buckets
    bool ascii = false;        ///< `#` in place of block characters
};

/// A horizontal histogram, one bucket a line: `0.020 - 0.025 ms  ████▌ 9`. Buckets are equally wide, or equally wide in
/// logarithm when the times spread over more than a factor of four. Nothing without samples.
void append_rtt_plot(std::string& out, const stats::rtt_series& series, const plot_options& options);

}  // namespace sonde::report
