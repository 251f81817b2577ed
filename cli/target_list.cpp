#include <algorithm>
#include <cctype>

#include <cli/file_text.hpp>
#include <cli/target_list.hpp>
#include <fmt/format.h>

#include <sonde/base/prefix.hpp>
#include <sonde/report/escape.hpp>

namespace sonde::cli {

namespace {

constexpr std::string_view blanks = " \t\r\f\v";
constexpr std::size_t longest_name = 253;  // RFC 1035 section 2.3.4, without the final dot
constexpr std::size_t shown = 80;          // of a word that is refused

failure refusal(std::string_view word, std::string_view why) {
    return {fmt::format("'{}{}' {}", report::escape_text(word.substr(0, shown)), word.size() > shown ? "..." : "", why),
            {},
            std::make_error_code(std::errc::invalid_argument)};
}

// What a parser says behind the word that it quotes; that, too, may hold parts of the word.
std::string cause(const failure& f) {
    return report::escape_text(f.what.substr(f.what.find("' ") + 2));
}

bool digits_and_dots(std::string_view word) {
    return std::ranges::all_of(word, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

// A host name (RFC 1123 section 2.1), with the underscore that many have, and letters beyond ASCII, which the resolver
// turns into an IDN.
bool looks_like_a_name(std::string_view word) {
    if (word.empty() || word.size() > longest_name || word.front() == '-' || word.front() == '.') return false;
    if (word.find("..") != std::string_view::npos) return false;
    return std::ranges::all_of(word, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x80 || std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_';
    });
}

result<void> append_prefix(std::vector<listed_target>& targets, std::string_view word) {
    const auto range = prefix::parse(word);
    if (!range) return refusal(word, cause(range.error()));
    if (range->host_count() > target_limit - targets.size()) {
        return refusal(word, fmt::format("holds too many addresses: a list has at most {}", target_limit));
    }
    for (std::uint64_t i = 0; i < range->host_count(); ++i) {
        const ip_address host = range->host(i);
        targets.push_back({host.to_string(), host});
    }
    return {};
}

}  // namespace

result<void> append_targets(std::vector<listed_target>& targets, std::string_view word) {
    if (word.find('/') != std::string_view::npos) return append_prefix(targets, word);
    if (targets.size() >= target_limit)
        return refusal(word, fmt::format("is one too many: a list has at most {}", target_limit));
    if (const auto address = ip_address::parse(word)) {
        targets.push_back({std::string(word), *address});
        return {};
    } else if (word.find(':') != std::string_view::npos || word.find('%') != std::string_view::npos) {
        return refusal(word, cause(address.error()));
    }
    if (!word.empty() && digits_and_dots(word)) {
        const auto address = ip_address::parse_short(word);
        if (!address) return refusal(word, "is not an IP address");
        targets.push_back({std::string(word), *address});
        return {};
    }
    if (!looks_like_a_name(word)) return refusal(word, "is not an address, a prefix or a host name");
    targets.push_back({std::string(word), std::nullopt});
    return {};
}

result<void> append_targets_in(std::vector<listed_target>& targets, std::string_view text, std::string_view name) {
    for (std::size_t line_number = 1; !text.empty(); ++line_number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        line = line.substr(0, line.find('#'));
        while (true) {
            const std::size_t begin = line.find_first_not_of(blanks);
            if (begin == std::string_view::npos) break;
            line.remove_prefix(begin);
            const std::string_view word = line.substr(0, line.find_first_of(blanks));
            if (const auto added = append_targets(targets, word); !added) {
                failure f = added.error();
                f.what = fmt::format("{}:{}: {}", report::escape_text(name), line_number, f.what);
                return f;
            }
            line.remove_prefix(word.size());
        }
    }
    return {};
}

result<void> append_targets_from(std::vector<listed_target>& targets, const std::string& path) {
    const auto text = file_text(path, "the targets in");
    if (!text) return text.error();
    return append_targets_in(targets, *text, path == "-" ? "standard input" : path);
}

}  // namespace sonde::cli
