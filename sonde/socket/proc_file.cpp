#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/proc_file.hpp>

namespace sonde::socket {

result<std::string> read_proc_file(const char* path) {
    constexpr std::size_t most = 64 * 1024;
    const descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
    if (!file) return system_failure(fmt::format("cannot open {}", path), errno);
    std::string text;
    std::array<char, 4096> piece{};
    while (text.size() < most) {
        const ssize_t length = ::read(file.get(), piece.data(), piece.size());
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) return system_failure(fmt::format("cannot read {}", path), errno);
        if (length == 0) break;
        text.append(piece.data(), static_cast<std::size_t>(length));
    }
    return result<std::string>(boost::system::in_place_value, std::move(text));
}

std::vector<std::uint32_t> parse_numbers(std::string_view text) {
    constexpr std::string_view space = " \t\n";
    std::vector<std::uint32_t> numbers;
    while (true) {
        const auto begin = text.find_first_not_of(space);
        if (begin == std::string_view::npos) return numbers;
        text.remove_prefix(begin);
        std::uint32_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        const auto used = static_cast<std::size_t>(end - text.data());
        if (error != std::errc{} || (used < text.size() && space.find(text[used]) == std::string_view::npos)) return {};
        numbers.push_back(number);
        text.remove_prefix(used);
    }
}

std::optional<std::uint32_t> read_number(const char* path) {
    const auto text = read_proc_file(path);
    if (!text) return std::nullopt;
    const auto numbers = parse_numbers(*text);
    return numbers.size() == 1 ? std::optional{numbers.front()} : std::nullopt;
}

int write_number(const char* path, std::uint32_t number) noexcept {
    const descriptor file(::open(path, O_WRONLY | O_CLOEXEC));
    if (!file) return errno;
    std::array<char, 16> text{};
    const auto* end = fmt::format_to_n(text.data(), text.size(), "{}\n", number).out;
    const auto size = static_cast<std::size_t>(end - text.data());
    return ::write(file.get(), text.data(), size) == static_cast<ssize_t>(size) ? 0 : errno;
}

}  // namespace sonde::socket
