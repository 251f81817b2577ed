// mtr's report: a line per hop, and one for each further responder of it.
#pragma once

#include <cstddef>
#include <string>

#include <sonde/probe/trace_record.hpp>
#include <sonde/report/address_note.hpp>

namespace sonde::report {

struct hop_table_options {
    /// No line is wider: names are cut first, then the line is. 0: as wide as it must be.
    std::size_t columns = 0;
    std::string host = {};  ///< this machine's name, behind `HOST:`; escaped here
    address_notes notes = {};
};

/// Appends the header line and the hops, `???` for one that never answered. Loss and `Snt` are of the hop, on its first
/// line; the times are of each responder, in milliseconds; `Jttr` is the interarrival jitter of RFC 3550. Further
/// responders stand below, who answered most first, with their share of the hop's answers and their number in brackets.
/// Pure; for a report at the end and for redrawing.
void append_hop_table(std::string& out, const probe::trace_record& record, const hop_table_options& options = {});

}  // namespace sonde::report
