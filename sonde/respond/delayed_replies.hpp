// Replies that wait for their time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/time.hpp>

namespace sonde::respond {

/// A bounded queue by time, first in, first out among equals. Owns copies of the frames. One thread at a time.
class delayed_replies {
public:
    explicit delayed_replies(std::size_t limit) noexcept : limit_(limit) {}

    /// False when there is no room: nothing was kept.
    [[nodiscard]] bool push(time_point due, bytes_view frame);
    /// Writes the frame that is due into `out` and returns its size; 0 when none is due. `out` has room for it.
    [[nodiscard]] std::size_t pop(time_point now, bytes_span out);

    [[nodiscard]] std::optional<time_point> next() const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

private:
    struct entry {
        time_point due;
        std::uint64_t number = 0;
        std::vector<std::byte> frame;
    };
    static bool later(const entry& a, const entry& b) noexcept;

    std::vector<entry> waiting_;  // a heap, the earliest in front
    std::size_t limit_;
    std::uint64_t next_number_ = 0;
};

}  // namespace sonde::respond
