#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cli/text_layout.hpp>
#include <fmt/format.h>

#include <sonde/report/utf8.hpp>

namespace sonde::cli {

std::size_t output_columns() noexcept {
    constexpr std::size_t narrowest = 40;
    constexpr std::size_t usual = 80;
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return std::max<std::size_t>(narrowest, size.ws_col);
    }
    if (const char* text = std::getenv("COLUMNS"); text != nullptr) {
        const std::string_view digits(text);
        std::size_t columns = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), columns);
        if (error == std::errc{} && *end == '\0') return std::clamp<std::size_t>(columns, narrowest, 1000);
    }
    return usual;
}

bool output_takes_colour() noexcept {
    const char* refused = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0') && terminal != nullptr &&
           std::string_view(terminal) != "dumb";
}

bool output_takes_unicode() noexcept {
    const char* charset = nullptr;
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        charset = std::getenv(name);
        if (charset != nullptr && *charset != '\0') break;
    }
    // Without a locale (a container, cron) nothing else is known either; nearly every terminal reads UTF-8.
    if (charset == nullptr || *charset == '\0') return true;
    const std::string_view text(charset);
    return text.find("UTF-8") != std::string_view::npos || text.find("utf8") != std::string_view::npos;
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) continue;
        std::string& line = lines.back();
        if (line.empty()) {
            line = word;
        } else if (report::display_width(line) + 1 + report::display_width(word) <= columns) {
            line += ' ';
            line += word;
        } else {
            lines.emplace_back(word);
        }
    }
    return lines;
}

std::string pad(std::string_view text, std::size_t columns) {
    const std::size_t width = report::display_width(text);
    return std::string(text) + std::string(width < columns ? columns - width : 0, ' ');
}

std::string paint(std::string_view text, colour wanted, bool takes_colour) {
    if (!takes_colour || wanted == colour::none) return std::string(text);
    int code = 0;
    switch (wanted) {
        case colour::none:
            break;
        case colour::bold:
            code = 1;
            break;
        case colour::dim:
            code = 2;
            break;
        case colour::red:
            code = 31;
            break;
        case colour::green:
            code = 32;
            break;
        case colour::yellow:
            code = 33;
            break;
    }
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace sonde::cli
