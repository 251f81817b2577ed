#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include <sonde/socket/icmp_counters.hpp>
#include <sonde/socket/proc_file.hpp>

namespace sonde::socket {

namespace {

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    return word;
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

std::uint64_t number(std::string_view word) {
    std::uint64_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
}

// A line of names, then a line of values, both with the same first word.
std::uint64_t value_in_columns(std::string_view text, std::string_view group, std::string_view name) {
    while (!text.empty()) {
        std::string_view names = take_line(text);
        if (take_word(names) != group) continue;
        std::string_view values = take_line(text);
        if (take_word(values) != group) return 0;
        while (!names.empty() && !values.empty()) {
            const std::string_view value = take_word(values);
            if (take_word(names) == name) return number(value);
        }
        return 0;
    }
    return 0;
}

std::uint64_t value_in_lines(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (take_word(line) == name) return number(take_word(line));
    }
    return 0;
}

}  // namespace

std::uint64_t parse_icmp_checksum_errors(std::string_view snmp, std::string_view snmp6) {
    return value_in_columns(snmp, "Icmp:", "InCsumErrors") + value_in_lines(snmp6, "Icmp6InCsumErrors");
}

std::uint64_t icmp_checksum_errors() {
    const auto snmp = read_proc_file("/proc/net/snmp");
    const auto snmp6 = read_proc_file("/proc/net/snmp6");
    return parse_icmp_checksum_errors(snmp ? std::string_view(*snmp) : std::string_view{},
                                      snmp6 ? std::string_view(*snmp6) : std::string_view{});
}

}  // namespace sonde::socket
