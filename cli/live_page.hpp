// A page on the terminal that is drawn again and again in the same place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <sonde/report/target_table.hpp>

namespace sonde::cli {

/// Whether stdout is a terminal that can be drawn on.
[[nodiscard]] bool output_can_be_redrawn() noexcept;

/// What of the terminal a page may fill; 80 by 24 where it cannot be told.
[[nodiscard]] report::screen_size page_size() noexcept;

/// One page, on stdout alone. It knows where its last drawing began as long as nobody else writes below it.
class live_page {
public:
    /// In place of the last drawing. `page` has no newline at its end, and fits `page_size()`.
    void draw(std::string& out, std::string_view page);
    /// The cursor is then where the first drawing began.
    void erase(std::string& out);

private:
    std::size_t lines_ = 0;
};

}  // namespace sonde::cli
