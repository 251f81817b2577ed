#include <chrono>

#include <sonde/report/json_figures.hpp>

namespace sonde::report {

double json_milliseconds(duration value) {
    return std::chrono::duration<double, std::milli>{value}.count();
}

json rtt_object(const stats::rtt_series& series) {
    const auto rtt = series.summary();
    if (!rtt) return nullptr;
    return {{"min", json_milliseconds(rtt->min)},      {"mean", json_milliseconds(rtt->mean)},
            {"p50", json_milliseconds(rtt->p50)},      {"p90", json_milliseconds(rtt->p90)},
            {"p95", json_milliseconds(rtt->p95)},      {"p99", json_milliseconds(rtt->p99)},
            {"max", json_milliseconds(rtt->max)},      {"stddev", json_milliseconds(rtt->stddev)},
            {"jitter", json_milliseconds(rtt->jitter)}};
}

json accounting_object(const stats::accounting& a) {
    static_assert(sizeof(stats::accounting) == 23 * sizeof(std::uint64_t), "a counter is missing below");
    return {{"scheduled", a.scheduled},
            {"sent", a.sent},
            {"send_failed", a.send_failed},
            {"local_drop", a.local_drop},
            {"skipped", a.skipped},
            {"replied", a.replied},
            {"icmp_error", a.icmp_error},
            {"timed_out", a.timed_out},
            {"uncertain", a.uncertain},
            {"cancelled", a.cancelled},
            {"pending", a.pending},
            {"frames", a.frames},
            {"matched", a.matched},
            {"duplicate", a.duplicate},
            {"late", a.late},
            {"not_ours", a.not_ours},
            {"rejected_malformed", a.rejected_malformed},
            {"rejected_checksum", a.rejected_checksum},
            {"rejected_source", a.rejected_source},
            {"rejected_token", a.rejected_token},
            {"corrupt", a.corrupt},
            {"truncated", a.truncated},
            {"kernel_drops", a.kernel_drops}};
}

}  // namespace sonde::report
