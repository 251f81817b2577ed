#include <algorithm>
#include <utility>

#include <cli/family_sockets.hpp>
#include <cli/output.hpp>

#include <sonde/socket/privilege.hpp>

namespace sonde::cli {

bool open_families(std::string_view title, const std::vector<listed_target>& targets, std::optional<family> only,
                   const std::function<std::optional<failure>(family)>& open) {
    std::size_t opened = 0;
    std::optional<failure> why;
    for (const family f : {family::v4, family::v6}) {
        const bool wanted = std::ranges::any_of(targets, [&](const listed_target& t) {
            return t.address ? t.address->family() == f : !only || *only == f;
        });
        if (!wanted) continue;
        auto refused = open(f);
        opened += refused ? 0U : 1U;
        if (refused && !why) why = std::move(refused);
    }
    const bool all_addresses =
        std::ranges::all_of(targets, [](const listed_target& t) { return t.address.has_value(); });
    if (why && (opened == 0 || all_addresses)) print_failure(title, *why);
    if (opened == 0) return false;
    const auto dropped = socket::drop_all_capabilities();
    if (!dropped) print_failure(title, dropped.error());
    return dropped.has_value();
}

}  // namespace sonde::cli
