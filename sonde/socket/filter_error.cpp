#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include <sonde/socket/filter_error.hpp>

namespace sonde::socket {

namespace {

constexpr std::string_view syntax_error = "syntax error";

bool is_word_char(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || c == '.' || c == '-' || c == ':' || c == '\\' || byte >= 0x80;
}

/// Names and numbers with their colons and hyphens; inside brackets a colon divides offset and size.
std::size_t word_length(std::string_view rest, bool in_brackets) noexcept {
    std::size_t length = 0;
    while (length < rest.size() && is_word_char(rest[length])) {
        if (in_brackets && (rest[length] == ':' || rest[length] == '-')) break;
        ++length;
    }
    return length;
}

std::size_t sign_length(std::string_view rest) noexcept {
    constexpr std::array<std::string_view, 8> doubles{"&&", "||", "<=", ">=", "==", "!=", "<<", ">>"};
    for (const auto sign : doubles) {
        if (rest.starts_with(sign)) return sign.size();
    }
    return 1;
}

/// What can follow somewhere in the language. A word is only taken for wrong when none of these makes it right.
constexpr std::array<std::string_view, 18> continuations{
    "",       " 1",    " ip",    " 1.2.3.4",   " ::1", " host 1.2.3.4", " port 1",           " proto 1",       " = 1",
    " 1 = 1", "] = 1", "1] = 1", "1] + 1 = 1", " 1-2", " 1:2:3:4:5:6",  " host 1:2:3:4:5:6", " 255.255.255.0", "8"};

/// What is still open has to be closed at the end.
std::string closing(std::string_view text) {
    std::string closers;
    for (const char c : text) {
        if (c == '(' || c == '[') closers.push_back(c == '(' ? ')' : ']');
        if ((c == ')' || c == ']') && !closers.empty() && closers.back() == c) closers.pop_back();
    }
    std::ranges::reverse(closers);
    return closers;
}

/// Host names that are looked up once for each of hundreds of trials would take minutes: one that needs no server
/// stands in for them. Names of services and protocols are in files, and the words of the language have no dot.
std::string without_lookups(std::string_view expression) {
    std::string text(expression);
    const auto words = filter_words(expression);
    for (auto word = words.rbegin(); word != words.rend(); ++word) {
        const bool dotted_name = word->find('.') != std::string_view::npos &&
                                 std::ranges::any_of(*word, [](unsigned char c) { return std::isalpha(c) != 0; }) &&
                                 word->find(':') == std::string_view::npos;
        if (dotted_name)
            text.replace(static_cast<std::size_t>(word->data() - expression.data()), word->size(), "localhost");
    }
    return text;
}

/// What of the expression libpcap's message repeats: between quotes, or a number that is too large.
std::vector<std::string_view> quoted_words(std::string_view message) {
    std::vector<std::string_view> words;
    for (const char quote : {'\'', '"'}) {
        const auto begin = message.find(quote);
        const auto end = begin == std::string_view::npos ? begin : message.find(quote, begin + 1);
        if (end != std::string_view::npos && end > begin + 1)
            words.push_back(message.substr(begin + 1, end - begin - 1));
    }
    // `illegal port number 70000 > 65535`, `VLAN tag 5000 greater than maximum 4095`, `number 99 overflows 32 bits`.
    for (const std::string_view too_much : {" > ", " greater than ", " overflows "}) {
        const auto end = message.find(too_much);
        if (end == std::string_view::npos) continue;
        const std::string_view before = message.substr(0, end);
        words.push_back(before.substr(before.find_last_not_of("0123456789") + 1));
    }
    std::erase(words, std::string_view{});
    return words;
}

/// The column of `words` (one or several, as they stand in the expression); 0 when they are not in it.
std::size_t column_of(std::string_view expression, std::string_view wanted) {
    for (const auto word : filter_words(expression)) {
        const auto at = static_cast<std::size_t>(word.data() - expression.data());
        const std::string_view here = expression.substr(at);
        const bool ends =
            here.size() == wanted.size() || (here.size() > wanted.size() && !is_word_char(here[wanted.size()]));
        if (here.starts_with(wanted) && ends) return at + 1;
        // `tcp port 70000-80000`: a part of the word.
        const auto inside = word.find(wanted);
        if (inside != std::string_view::npos && std::isdigit(static_cast<unsigned char>(wanted.front())) != 0 &&
            (inside == 0 || std::isdigit(static_cast<unsigned char>(word[inside - 1])) == 0)) {
            return at + 1;
        }
    }
    return 0;
}

/// Whether the prefix may still become something without that complaint.
bool can_go_on(std::string_view prefix, std::string_view message, const filter_trial& complaint_about) {
    const bool grammar = message.find(syntax_error) != std::string_view::npos;
    bool complained = false;
    for (const auto continuation : continuations) {
        std::string text = fmt::format("{}{}", prefix, continuation);
        text += closing(text);
        const std::string complaint = complaint_about(text);
        // Of the grammar's complaint any other is free: a name may be unknown here and the rest well formed.
        if (complaint.empty() || (grammar && complaint.find(syntax_error) == std::string::npos)) return true;
        complained = complained || complaint == message;
    }
    return !grammar && !complained;
}

std::string printable(std::string_view text) {
    std::string safe(text);
    for (char& c : safe) {
        if (c < ' ' || c > '~') c = '?';
    }
    return safe;
}

}  // namespace

std::vector<std::string_view> filter_words(std::string_view expression) {
    std::vector<std::string_view> words;
    int brackets = 0;
    for (std::size_t at = 0; at < expression.size();) {
        const std::string_view rest = expression.substr(at);
        if (std::isspace(static_cast<unsigned char>(rest.front())) != 0) {
            ++at;
            continue;
        }
        std::size_t length = word_length(rest, brackets > 0);
        if (length == 0) length = sign_length(rest);
        if (rest.front() == '[') ++brackets;
        if (rest.front() == ']') --brackets;
        words.push_back(rest.substr(0, length));
        at += length;
    }
    return words;
}

std::size_t filter_error_column(std::string_view expression, std::string_view message,
                                const filter_trial& complaint_about) {
    // Enough for what people type, and a bound for what they do not.
    constexpr std::size_t most_words = 400;
    const auto words = filter_words(expression);
    if (words.empty()) return 1;
    if (message.find(syntax_error) == std::string_view::npos) {
        for (const auto word : quoted_words(message)) {
            if (const std::size_t column = column_of(expression, word); column != 0) return column;
        }
    }
    const std::string local = without_lookups(expression);
    const auto local_words = filter_words(local);
    if (local_words.size() != words.size() || words.size() > most_words) return 1;
    const auto goes_on = [&](std::string_view last) {
        const auto end = static_cast<std::size_t>(last.data() - local.data()) + last.size();
        return can_go_on(std::string_view(local).substr(0, end), message, complaint_about);
    };
    // What the grammar refuses no later word mends: to halve finds the place in a few trials. Other complaints may come
    // and go from word to word.
    const auto wrong = message.find(syntax_error) != std::string_view::npos
                           ? std::ranges::partition_point(local_words, goes_on)
                           : std::ranges::find_if_not(local_words, goes_on);
    if (wrong == local_words.end()) {
        return static_cast<std::size_t>(words.back().data() - expression.data()) + words.back().size() + 1;
    }
    const std::string_view word = words[static_cast<std::size_t>(wrong - local_words.begin())];
    return static_cast<std::size_t>(word.data() - expression.data()) + 1;
}

failure filter_failure(std::string_view expression, std::string_view message, std::size_t column) {
    constexpr std::string_view preamble = "can't parse filter expression: ";
    if (message.starts_with(preamble)) message.remove_prefix(preamble.size());
    // A window of the expression, with the place in it.
    constexpr std::size_t widest = 100;
    std::size_t first = 0;
    std::size_t last = expression.size();
    if (expression.size() > widest) {
        first = column > widest / 2 ? column - widest / 2 : 0;
        last = std::min(first + widest, expression.size());
    }
    const std::string_view before = first > 0 ? "..." : "";
    const std::string_view after = last < expression.size() ? "..." : "";
    return {fmt::format("the filter does not compile, column {}: {}", column, printable(message)),
            fmt::format("    {}{}{}\n    {:>{}}", before, printable(expression.substr(first, last - first)), after, "^",
                        before.size() + column - first),
            std::make_error_code(std::errc::invalid_argument)};
}

}  // namespace sonde::socket
