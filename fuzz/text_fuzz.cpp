// Text from people, files and /proc: target lists, conditions, sysctls, and the escaping of whatever is shown.
#include <string_view>
#include <vector>

#include <cli/target_list.hpp>

#include <sonde/report/escape.hpp>
#include <sonde/report/utf8.hpp>
#include <sonde/socket/icmp_permission.hpp>
#include <sonde/stats/condition.hpp>

#include "fuzz.hpp"

namespace {

using sonde::fuzz::require;

void check_one_line(const std::string& text) {
    require(text.find('\n') == std::string::npos && text.find('\x1b') == std::string::npos, "one harmless line");
}

void check_targets(std::string_view text) {
    // A prefix of a million hosts is right and slow.
    if (text.find('/') != std::string_view::npos && text.size() < 64) return;
    std::vector<sonde::cli::listed_target> targets;
    const auto read = sonde::cli::append_targets_in(targets, text, "list");
    if (!read) check_one_line(read.error().what);
    require(targets.size() <= sonde::cli::target_limit, "a list has a bound");
    for (const auto& target : targets) require(!target.label.empty(), "a target has a label");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_targets(text);
    const std::string escaped = sonde::report::escape_text(text);
    check_one_line(escaped);
    require(sonde::report::escape_text(escaped) == escaped, "escaped text is harmless");
    (void)sonde::report::fit_width(escaped, 10);
    if (const auto condition = sonde::stats::fail_condition::parse(text)) {
        (void)condition->violated({});
        require(sonde::stats::fail_condition::parse(condition->text()).has_value(), "a condition reads its own text");
    }
    (void)sonde::socket::parse_group_range(text);
    (void)sonde::socket::is_initial_id_map(sonde::socket::parse_id_map(text));
    return 0;
}
