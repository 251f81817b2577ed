// A verdict as a sentence for a person at three in the morning.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <sonde/probe/trace_event.hpp>
#include <sonde/report/address_note.hpp>

namespace sonde::report {

/// One line without a newline, escaped: `hop 4 (10.0.3.1) limits its own answers: 60 % of 20 are missing because it
/// makes only so many a second, which is not packet loss`. Rounds are counted from 1. Pure; any thread.
/// A hop with a name reads `hop 4, r4.example (10.0.3.1),`.
[[nodiscard]] std::string verdict_text(const probe::verdict& v, const address_notes& notes = {});

/// A line for each verdict in their order, and one at the place of the first for all hops that never answer.
[[nodiscard]] std::vector<std::string> verdict_lines(std::span<const probe::verdict> verdicts,
                                                     const address_notes& notes = {});

}  // namespace sonde::report
