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
#include <vector>

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

/// Takes numbers off the front of the input; zeros when it is used up.
class reader {
public:
    explicit reader(bytes_view bytes) : bytes_(bytes) {}
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    std::uint8_t byte() {
        if (bytes_.empty()) return 0;
        const auto value = std::to_integer<std::uint8_t>(bytes_.front());
        bytes_ = bytes_.subspan(1);
        return value;
    }
    bytes_view some(std::size_t size) {
        const bytes_view taken = bytes_.first(std::min(size, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }

private:
    bytes_view bytes_;
};

/// What a message that was read writes: everything that is read can be written, in as many bytes as it says.
template <class Message, class... Arguments>
[[nodiscard]] std::vector<std::byte> emitted(const Message& message, const Arguments&... arguments) {
    std::vector<std::byte> out(message.size());
    require(message.emit(out, arguments...) == out.size(), "what was read can be written");
    return out;
}

/// Calls `next` on `list` until nothing is left: each step moves on, ends at an error, and what it finds lies inside.
/// `inner` gives the bytes of an element. The result says whether there was no error.
template <class Next, class Inner>
bool walk(bytes_view list, Next next, Inner inner) {
    bytes_view rest = list;
    bool well_formed = true;
    while (!rest.empty()) {
        const std::size_t before = rest.size();
        const auto element = next(rest);
        require(rest.size() < before, "a walk moves on");
        require(element.has_value() || rest.empty(), "a walk ends at an error");
        well_formed = well_formed && element.has_value();
        if (element && *element) require(inside(list, inner(**element)), "an element lies inside");
    }
    return well_formed;
}

}  // namespace sonde::fuzz
