// Runs a fuzz target over a corpus without libFuzzer, so that any compiler's build tests it: every file of the folders
// given as arguments, and every truncation of every file. An empty corpus is a failure: it would test nothing.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz.hpp"

namespace {

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

std::vector<std::uint8_t> contents_of(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    if (!in) throw std::filesystem::filesystem_error("cannot read", file, std::make_error_code(std::errc::io_error));
    return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

std::size_t replay(const std::filesystem::path& file) {
    const std::vector<std::uint8_t> whole = contents_of(file);
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        // A copy of the exact size: the address sanitizer sees the first byte read past it.
        const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        LLVMFuzzerTestOneInput(cut.data(), cut.size());
    }
    return whole.size() + 1;
}

}  // namespace

int main(int argc, char** argv) try {
    std::size_t files = 0;
    std::size_t inputs = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& file : files_in(argv[i])) {
            ++files;
            inputs += replay(file);
        }
    }
    std::printf("%zu inputs run: %zu files and their truncations\n", inputs, files);
    if (files == 0) std::fputs("no corpus: give folders with at least one file\n", stderr);
    return files == 0 ? 1 : 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
