#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/shown_address.hpp>

namespace sonde::report {

std::string shown_address(const ip_address& address, const address_notes& notes) {
    if (address == ip_address{}) return "*";
    const std::string digits = escape_text(address.to_string());
    const address_note* note = notes ? notes(address) : nullptr;
    if (note == nullptr) return digits;
    std::string shown = note->name.empty() ? digits : fmt::format("{} ({})", escape_text(note->name), digits);
    if (note->autonomous_system != 0 || !note->country.empty()) {
        const std::string system =
            note->autonomous_system == 0 ? std::string{} : fmt::format("AS{}", note->autonomous_system);
        shown += fmt::format(" [{}{}{}]", system, system.empty() || note->country.empty() ? "" : " ",
                             escape_text(note->country));
    }
    return shown;
}

}  // namespace sonde::report
