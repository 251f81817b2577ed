#include <cli/suggestion.hpp>
#include <fmt/format.h>

namespace sonde::cli {

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known, std::string_view otherwise) {
    const auto meant = nearest(word, known);
    return meant ? fmt::format("; did you mean '{}'?", *meant) : std::string(otherwise);
}

}  // namespace sonde::cli
