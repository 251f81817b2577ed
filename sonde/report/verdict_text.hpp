// A verdict as a sentence for a person at three in the morning.
#pragma once

#include <string>

#include <sonde/probe/trace_event.hpp>
#include <sonde/report/address_note.hpp>

namespace sonde::report {

/// One line without a newline, escaped: `hop 4 (10.0.3.1) limits its own answers: 60 % of 20 are missing, but packets
/// to the hops behind it pass: not packet loss`. Rounds are counted from 1. Pure; any thread.
[[nodiscard]] std::string verdict_text(const probe::verdict& v, const address_notes& notes = {});

}  // namespace sonde::report
