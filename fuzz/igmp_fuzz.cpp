#include <sonde/wire/igmp.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace sonde::wire;
using fuzz::require;

void check_records(const igmp_view& view) {
    std::size_t count = 0;
    const auto check = [&count](const igmp_group_record& record) {
        ++count;
        require(record.sources.size() % 4 == 0, "a source is four bytes");
        bytes_view rest;
        const auto out = fuzz::emitted(record);
        rest = out;
        require(next_igmp_group_record(rest).value() == record && rest.empty(), "parse(emit(r)) == r");
        return record.sources.empty() ? record.auxiliary_data : record.sources;
    };
    require(fuzz::walk(view.records(), next_igmp_group_record, check), "a view's records are whole");
    require(count == view.record_count(), "there are as many records as it says");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view input = fuzz::input(data, size);
    const auto view = igmp_view::parse(input, checksum_check::trust);
    require(view.has_value() || !igmp_view::parse(input, checksum_check::verify), "verify accepts no more than trust");
    if (!view) return 0;
    require(fuzz::same(view->bytes(), input), "the view is everything");
    if (view->is_v3_report()) {
        require(fuzz::inside(input, view->records()), "the records lie inside");
        check_records(*view);
    }
    if (view->is_v3_query()) require(fuzz::inside(input, view->sources()), "the sources lie inside");
    const auto message = igmp_message::from(*view);
    const auto out = fuzz::emitted(message, checksum_fill::compute);
    const auto again = igmp_view::parse(out, checksum_check::verify);
    require(again.has_value() && igmp_message::from(*again) == message, "parse(emit(m)) == m");
    return 0;
}
