#include <charconv>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include <sonde/craft/scanner.hpp>

namespace sonde::craft {

namespace {

constexpr std::size_t deepest_list = 4;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<unsigned> digit_of(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    const char small = lower(c);
    if (small >= 'a' && small <= 'f') return static_cast<unsigned>(small - 'a') + 10U;
    return std::nullopt;
}

class scanner {
public:
    explicit scanner(std::string_view text) noexcept : text_(text) {}

    described<std::vector<written_layer>> layers();

private:
    [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
    [[nodiscard]] char here() const noexcept { return at_end() ? '\0' : text_[at_]; }
    [[nodiscard]] bool sees(char c) const noexcept { return !at_end() && text_[at_] == c; }
    [[nodiscard]] std::size_t column() const noexcept { return at_ + 1; }
    [[nodiscard]] description_error wrong(std::string what) const { return {column(), std::move(what)}; }
    [[nodiscard]] std::string found() const {
        return at_end() ? std::string("the description ends") : fmt::format("'{}' stands", here());
    }
    void skip_blanks() noexcept {
        while (!at_end() && is_blank(here())) ++at_;
    }
    bool take(char c) noexcept {
        skip_blanks();
        if (!sees(c)) return false;
        ++at_;
        return true;
    }

    std::string name();
    described<written_layer> layer();
    described<void> arguments(std::vector<written_argument>& into, std::size_t depth);
    described<written_argument> argument(std::size_t depth);
    described<written_value> value(std::size_t depth);
    described<written_value> list(std::size_t depth);
    described<std::vector<std::byte>> quoted();
    described<std::byte> escape();
    described<std::vector<std::byte>> hex();
    described<std::vector<std::byte>> zeros();
    [[nodiscard]] bool sees_hex() const noexcept;

    std::string_view text_;
    std::size_t at_ = 0;
};

described<std::vector<written_layer>> scanner::layers() {
    std::vector<written_layer> all;
    std::size_t bytes = 0;
    do {
        auto one = layer();
        if (!one) return one.error();
        bytes += one->bytes.size();
        if (bytes > most_bytes)
            return description_error{one->column, fmt::format("that is more than {} bytes", most_bytes)};
        all.push_back(*std::move(one));
    } while (take('/'));
    skip_blanks();
    if (!at_end()) return wrong(fmt::format("expected '/' and another layer, or the end, where '{}' stands", here()));
    return all;
}

std::string scanner::name() {
    std::string out;
    while (!at_end() && is_name(here())) out += text_[at_++];
    return out;
}

described<written_layer> scanner::layer() {
    skip_blanks();
    written_layer out;
    out.column = column();
    if (sees('"') || sees('\'')) {
        auto bytes = quoted();
        if (!bytes) return bytes.error();
        out.bytes = *std::move(bytes);
        out.end = column();
        return out;
    }
    for (const char c : name()) out.name += lower(c);
    if (out.name.empty()) return wrong(fmt::format("expected a layer where {}", found()));
    if (out.name == "hex" || out.name == "zeros") {
        auto bytes = out.name == "hex" ? hex() : zeros();
        if (!bytes) return bytes.error();
        out.name.clear();
        out.bytes = *std::move(bytes);
    } else if (auto read = arguments(out.arguments, 0); !read) {
        return read.error();
    }
    out.end = column();
    return out;
}

described<void> scanner::arguments(std::vector<written_argument>& into, std::size_t depth) {
    const std::size_t after_name = at_;
    if (!take('(')) {
        at_ = after_name;
        return {};
    }
    if (take(')')) return {};
    do {
        auto one = argument(depth);
        if (!one) return one.error();
        into.push_back(*std::move(one));
    } while (take(','));
    if (!take(')')) return wrong(fmt::format("expected ',' or ')' where {}", found()));
    return {};
}

described<written_argument> scanner::argument(std::size_t depth) {
    skip_blanks();
    written_argument out;
    out.column = column();
    out.name = name();
    if (out.name.empty()) return wrong(fmt::format("expected a field's name where {}", found()));
    if (sees('(') && depth == 0) {
        if (auto nested = arguments(out.arguments, depth + 1); !nested) return nested.error();
        return out;
    }
    if (!take('=')) return out;
    auto read = value(0);
    if (!read) return read.error();
    out.value = *std::move(read);
    return out;
}

bool scanner::sees_hex() const noexcept {
    return text_.substr(at_).starts_with("hex(");
}

described<written_value> scanner::value(std::size_t depth) {
    skip_blanks();
    written_value out;
    out.column = column();
    if (sees('[')) return list(depth);
    if (sees('"') || sees('\'') || sees_hex()) {
        if (sees_hex()) at_ += 3;
        auto bytes = sees('(') ? hex() : quoted();
        if (!bytes) return bytes.error();
        out.kind = written_value::form::bytes;
        out.bytes = *std::move(bytes);
        return out;
    }
    constexpr std::string_view ends = ",()[]\"'";
    while (!at_end() && ends.find(here()) == std::string_view::npos && !is_blank(here())) out.word += text_[at_++];
    if (out.word.empty()) return wrong(fmt::format("expected a value where {}", found()));
    return out;
}

described<written_value> scanner::list(std::size_t depth) {
    written_value out;
    out.kind = written_value::form::list;
    out.column = column();
    if (depth >= deepest_list) return wrong("lists within lists within lists");
    ++at_;
    if (take(']')) return out;
    do {
        auto item = value(depth + 1);
        if (!item) return item.error();
        out.items.push_back(*std::move(item));
    } while (take(','));
    if (!take(']')) return wrong(fmt::format("expected ',' or ']' where {}", found()));
    return out;
}

described<std::vector<std::byte>> scanner::quoted() {
    const std::size_t opened = column();
    const char quote = text_[at_++];
    std::vector<std::byte> out;
    while (!at_end() && !sees(quote)) {
        const char c = text_[at_++];
        if (c != '\\') {
            out.push_back(static_cast<std::byte>(static_cast<unsigned char>(c)));
            continue;
        }
        const auto byte = escape();
        if (!byte) return byte.error();
        out.push_back(*byte);
    }
    if (at_end()) return wrong(fmt::format("the {} of column {} is not closed", quote, opened));
    ++at_;
    return out;
}

// The backslash is behind us.
described<std::byte> scanner::escape() {
    if (at_end()) return wrong("a backslash with nothing behind it");
    const char c = text_[at_++];
    switch (c) {
        case 'n':
            return std::byte{'\n'};
        case 'r':
            return std::byte{'\r'};
        case 't':
            return std::byte{'\t'};
        case '0':
            return std::byte{0};
        case '\\':
        case '"':
        case '\'':
            return static_cast<std::byte>(c);
        case 'x':
            break;
        default:
            --at_;
            return wrong(fmt::format("'\\{}' is no escape: there are \\n \\r \\t \\0 \\\\ \\\" \\' \\x41", c));
    }
    const auto high = digit_of(here());
    const auto low = at_ + 1 < text_.size() ? digit_of(text_[at_ + 1]) : std::nullopt;
    if (!high || !low) return wrong("\\x wants two hexadecimal digits");
    at_ += 2;
    return static_cast<std::byte>(*high << 4U | *low);
}

described<std::vector<std::byte>> scanner::hex() {
    if (!take('(')) return wrong("hex wants digits in parentheses: hex(00ff)");
    const std::size_t first = at_;
    while (!at_end() && !sees(')')) ++at_;
    if (at_end()) return wrong(fmt::format("expected ')' where {}", found()));
    auto out = bytes_in(text_.substr(first, at_ - first), first + 1);
    ++at_;
    return out;
}

described<std::vector<std::byte>> scanner::zeros() {
    if (!take('(')) return wrong("zeros wants a number of bytes: zeros(64)");
    skip_blanks();
    const description_error bad = wrong(fmt::format("expected a number of bytes, at most {}", most_bytes));
    const auto count = number_in(name());
    if (!count || *count > most_bytes) return bad;
    if (!take(')')) return wrong(fmt::format("expected ')' where {}", found()));
    return std::vector<std::byte>(*count);
}

}  // namespace

void throw_exception_from_error(const description_error& error, const boost::source_location& /*where*/) {
    throw std::invalid_argument(fmt::format("column {}: {}", error.column, error.what));
}

described<std::vector<written_layer>> scan(std::string_view text) {
    return scanner(text).layers();
}

std::optional<std::uint64_t> number_in(std::string_view word) {
    const bool hexadecimal = word.starts_with("0x") || word.starts_with("0X");
    if (hexadecimal) word.remove_prefix(2);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return number;
}

described<std::vector<std::byte>> bytes_in(std::string_view digits, std::size_t first_column) {
    std::vector<std::byte> out;
    unsigned high = 0;
    std::size_t high_column = 0;  // 0 between two bytes
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (is_blank(digits[i]) || digits[i] == ':') continue;
        const auto digit = digit_of(digits[i]);
        if (!digit) return description_error{first_column + i, fmt::format("'{}' is no hexadecimal digit", digits[i])};
        if (high_column == 0) {
            high = *digit;
            high_column = first_column + i;
            continue;
        }
        out.push_back(static_cast<std::byte>(high << 4U | *digit));
        high_column = 0;
    }
    if (high_column != 0) return description_error{high_column, "a byte is two hexadecimal digits, and here is one"};
    return out;
}

}  // namespace sonde::craft
