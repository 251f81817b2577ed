// What every fuzz target shares: the entry point's declaration, and an invariant whose violation is a crash that
// libFuzzer and the replay report alike.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>

#include <sonde/base/bytes.hpp>

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace sonde::fuzz {

/// Not `assert`, which a release build leaves out.
inline void require(bool holds, const char* invariant) {
    if (holds) return;
    std::fprintf(stderr, "violated: %s\n", invariant);
    std::abort();
}

/// `inner` lies within `outer`; an empty one may lie anywhere.
[[nodiscard]] inline bool inside(bytes_view outer, bytes_view inner) {
    if (inner.empty()) return true;
    const std::less_equal<const std::byte*> not_after;
    return not_after(outer.data(), inner.data()) && not_after(inner.data() + inner.size(), outer.data() + outer.size());
}

[[nodiscard]] inline bytes_view input(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span{data, size});
}

[[nodiscard]] inline bool same(bytes_view a, bytes_view b) {
    return std::ranges::equal(a, b);
}

}  // namespace sonde::fuzz
