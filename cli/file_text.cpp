#include <array>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <utility>

#include <cli/file_text.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>

namespace sonde::cli {

result<std::string> file_text(const std::string& path, std::string_view what) {
    const auto failed = [&](int error) {
        return system_failure(fmt::format("cannot read {} '{}'", what, report::escape_text(path)), error);
    };
    const bool standard_input = path == "-";
    std::ifstream file;
    if (!standard_input) {
        errno = 0;
        file.open(path, std::ios::binary);
        if (!file.is_open()) return failed(errno);
    }
    std::istream& in = standard_input ? std::cin : file;
    // By `read`, which turns the stream buffer's exception about a directory into a bad stream.
    std::string text;
    errno = 0;
    for (std::array<char, 4096> piece{}; in.read(piece.data(), piece.size()) || in.gcount() > 0;) {
        text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
        if (text.size() > file_text_limit) return failed(EFBIG);
    }
    if (in.bad()) return failed(errno != 0 ? errno : EIO);
    return {boost::system::in_place_value, std::move(text)};
}

}  // namespace sonde::cli
