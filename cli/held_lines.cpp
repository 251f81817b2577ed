#include <algorithm>

#include <cli/held_lines.hpp>

namespace sonde::cli {

void held_lines::release(std::string& out, time_point now, const std::function<bool(const ip_address&)>& settled) {
    const auto waits = [&](const held_line& l) { return now < l.until && !std::ranges::all_of(l.needs, settled); };
    const auto first = std::ranges::find_if(lines_, waits);
    for (auto line = lines_.begin(); line != first; ++line) line->write(out);
    lines_.erase(lines_.begin(), first);
    if (lines_.empty()) lines_.shrink_to_fit();
}

void held_lines::release_all(std::string& out) {
    for (const held_line& line : lines_) line.write(out);
    lines_.clear();
}

}  // namespace sonde::cli
