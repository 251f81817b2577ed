#include <utility>

#include <sonde/async/trace_result.hpp>

namespace sonde {

void trace_result::add(probe::trace_event&& e) {
    record.add(e);
    if (e.kind == probe::trace_event_kind::hop) {
        if (!hops.empty() && hops.back().round != e.hop.round) hops.clear();
        hops.push_back(std::move(e.hop));
    } else if (e.kind == probe::trace_event_kind::done) {
        end = e.end;
        error_number = e.error_number;
    }
}

}  // namespace sonde
