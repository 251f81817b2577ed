#include <algorithm>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cli/live_page.hpp>
#include <fmt/format.h>

namespace sonde::cli {

bool output_can_be_redrawn() noexcept {
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) != 0 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

report::screen_size page_size() noexcept {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
    // One line stays free: a screen that is cleared from its first line on goes into tmux's history every time.
    // And two columns, so that the terminal's echo of ^C does not wrap, which would move the drawing's beginning.
    constexpr std::size_t echo = 2;
    return {.columns = std::max<std::size_t>(size.ws_col, echo + 1) - echo,
            .lines = static_cast<std::size_t>(size.ws_row) - 1};
}

void live_page::draw(std::string& out, std::string_view page) {
    erase(out);
    lines_ = static_cast<std::size_t>(std::ranges::count(page, '\n'));
    out += page;
}

void live_page::erase(std::string& out) {
    out += '\r';
    if (lines_ > 0) out += fmt::format("\x1b[{}A", lines_);
    out += "\x1b[J";
    lines_ = 0;
}

}  // namespace sonde::cli
