#include <sonde/stats/tally.hpp>

namespace sonde::stats {

void tally::merge(const tally& other) {
    sent += other.sent;
    received += other.received;
    count(pending, other.pending);
    count(send_failed, other.send_failed);
    count(errors, other.errors);
    count(duplicates, other.duplicates);
    count(late, other.late);
    count(corrupt, other.corrupt);
    rtt.merge(other.rtt);
}

}  // namespace sonde::stats
