#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// toml++ 3.3 asserts, or with NDEBUG takes for granted, what the text "[\n]" belies; the error is handled behind that.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)

#include <algorithm>
#include <array>
#include <optional>
#include <toml++/toml.h>

#include <fmt/format.h>

#include <sonde/sim/toml_document.hpp>

namespace sonde::sim {

namespace {

std::uint32_t line_of(const toml::source_region& source) {
    return static_cast<std::uint32_t>(source.begin.line);
}

toml_value converted(const toml::node& node);

toml_table converted_table(const toml::table& table) {
    toml_table out;
    out.reserve(table.size());
    for (const auto& [key, value] : table) {
        out.push_back({std::string(key.str()), line_of(key.source()), converted(value)});
    }
    return out;
}

// Bounded in depth by the parser, which nests no deeper than TOML_MAX_NESTED_VALUES.
toml_value converted(const toml::node& node) {
    toml_value out{line_of(node.source()), toml_date{}};
    if (const auto* table = node.as_table()) {
        out.data = converted_table(*table);
    } else if (const auto* array = node.as_array()) {
        toml_array elements;
        elements.reserve(array->size());
        for (const auto& element : *array) elements.push_back(converted(element));
        out.data = std::move(elements);
    } else if (const auto* text = node.as_string()) {
        out.data = text->get();
    } else if (const auto* number = node.as_integer()) {
        out.data = number->get();
    } else if (const auto* real = node.as_floating_point()) {
        out.data = real->get();
    } else if (const auto* truth = node.as_boolean()) {
        out.data = truth->get();
    }
    return out;
}

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

/// What toml++ 3.3 does not survive: dotted keys without end on one line, whose tables are destroyed recursively, and
/// letters that are not ASCII where it looks for white space, which lead it to `__builtin_unreachable`. Text in three
/// quotes would make the line that this looks at a guess, and no file here needs it.
std::optional<std::string> beyond_bounds(std::string_view line) {
    constexpr std::size_t most_dots = 100;
    std::size_t dots = 0;
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quote == 0 && c == '#') break;
        if (!is_ascii(c)) return "a letter that is not ASCII; expected those in comments only";
        if (quote != 0) {
            if (c == '\\' && quote == '"') {
                ++i;
            } else if (c == quote) {
                quote = 0;
            }
        } else if (c == '"' || c == '\'') {
            if (line.substr(i, 3) == std::string(3, c)) return "text in three quotes; expected text on one line";
            quote = c;
        } else if (c == '.' && ++dots > most_dots) {
            return fmt::format("more than {} dots outside of quotes; expected fewer on one line", most_dots);
        }
    }
    return std::nullopt;
}

}  // namespace

std::string_view toml_value::kind() const noexcept {
    static constexpr std::array<std::string_view, 7> names{"a date",         "a table",  "a list",       "text",
                                                           "a whole number", "a number", "true or false"};
    return names[data.index()];
}

std::string shown(std::string_view text) {
    constexpr std::size_t longest = 80;
    std::string out;
    for (const char c : text.substr(0, longest)) {
        if (c >= ' ' && c <= '~') {
            out += c;
        } else {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    if (text.size() > longest) out += "...";
    return out;
}

result<toml_value> parse_toml(std::string_view text, std::string_view file) {
    const auto bad = [&](std::uint32_t line, std::string_view what) {
        return failure{
            fmt::format("{}:{}: {}", shown(file), line, what), {}, std::make_error_code(std::errc::invalid_argument)};
    };
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    std::uint32_t number = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::string_view line = text.substr(at, text.find('\n', at) - at);
        ++number;
        if (const auto why = beyond_bounds(line)) return bad(number, *why);
        at += line.size();
    }
    // Now in comments only, if anywhere.
    std::string ascii(text);
    std::ranges::replace_if(
        ascii, [](char c) { return !is_ascii(c); }, '?');
    const toml::parse_result parsed = toml::parse(std::string_view(ascii));
    if (!parsed) {
        // Its message quotes the text, and may be of any length.
        std::string what(parsed.error().description());
        std::ranges::replace(what, '\n', ' ');
        what = fmt::format("{}; expected TOML (https://toml.io)", shown(what));
        return bad(std::max(1U, line_of(parsed.error().source())), what);
    }
    return toml_value{1, converted_table(parsed.table())};
}

}  // namespace sonde::sim
