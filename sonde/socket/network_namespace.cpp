#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/network_namespace.hpp>
#include <sonde/socket/privilege.hpp>

namespace sonde::socket {

namespace {

constexpr const char* names_folder = "/run/netns";

std::vector<std::string> known_names() {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(names_folder, ignored)) {
        names.push_back(shell_word(entry.path().filename().string()));
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace

result<void> enter_network_namespace(const std::string& word) {
    const bool is_path = word.find('/') != std::string::npos;
    const std::string path = is_path ? word : fmt::format("{}/{}", names_folder, word);
    const descriptor there(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!there) {
        const int why = errno;
        failure f = system_failure(fmt::format("cannot open the network namespace {}", shell_word(word)), why);
        if (!is_path && why == ENOENT) {
            const auto names = known_names();
            f.what = fmt::format("there is no network namespace {}; there are: {}", shell_word(word),
                                 names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
        }
        return f;
    }
    if (::setns(there.get(), CLONE_NEWNET) == 0) return {};
    const int why = errno;
    const char* meaning = why == EINVAL  ? "; it is no network namespace"
                          : why == EPERM ? "; it needs CAP_SYS_ADMIN here and there"
                                         : "";
    failure f = system_failure(fmt::format("cannot enter the network namespace {}", shell_word(word)), why);
    f.what += meaning;
    if (why == EPERM)
        f.remedy = fmt::format("As root, or from inside:\n    {}ip netns exec NAME sonde ...", sudo_prefix());
    return f;
}

}  // namespace sonde::socket
