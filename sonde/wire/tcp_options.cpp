#include <algorithm>
#include <span>

#include <sonde/wire/option.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/tcp_options.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t sack_block_size = 8;
constexpr std::byte no_operation{1};

bool read_sack(bytes_view data, tcp_options& options) noexcept {
    const std::size_t count = data.size() / sack_block_size;
    if (data.size() % sack_block_size != 0 || count == 0 || count > tcp_options::sack_blocks_max) return false;
    for (std::size_t i = 0; i < count; ++i) {
        options.sack_blocks[i] = {.left_edge = load_be<std::uint32_t>(data, i * sack_block_size),
                                  .right_edge = load_be<std::uint32_t>(data, i * sack_block_size + 4)};
    }
    options.sack_block_count = count;
    return true;
}

/// False for a known option of a wrong length.
bool read_option(const option& o, tcp_options& options) noexcept {
    switch (o.kind) {
        case tcp_option::maximum_segment_size:
            if (o.data.size() != 2) return false;
            options.maximum_segment_size = load_be<std::uint16_t>(o.data, 0);
            return true;
        case tcp_option::window_scale:
            if (o.data.size() != 1) return false;
            options.window_scale = load_be<std::uint8_t>(o.data, 0);
            return true;
        case tcp_option::sack_permitted:
            options.sack_permitted = true;
            return o.data.empty();
        case tcp_option::sack:
            return read_sack(o.data, options);
        case tcp_option::timestamps:
            if (o.data.size() != 8) return false;
            options.timestamps = {.value = load_be<std::uint32_t>(o.data, 0),
                                  .echo_reply = load_be<std::uint32_t>(o.data, 4)};
            return true;
        default:
            return true;
    }
}

/// Takes the next option's data off the front of `rest`, behind its kind and length.
bytes_span begin_option(bytes_span& rest, std::uint8_t kind, std::size_t data_size) noexcept {
    store_be(rest, 0, kind);
    store_be(rest, 1, static_cast<std::uint8_t>(2 + data_size));
    const bytes_span data = rest.subspan(2, data_size);
    rest = rest.subspan(2 + data_size);
    return data;
}

}  // namespace

std::size_t tcp_options::size() const noexcept {
    const std::size_t used = (maximum_segment_size ? 4U : 0U) + (window_scale ? 3U : 0U) + (sack_permitted ? 2U : 0U) +
                             (timestamps ? 10U : 0U) +
                             (sack_block_count != 0 ? 2 + sack_block_size * sack_block_count : 0);
    return (used + 3) / 4 * 4;
}

std::size_t tcp_options::emit(bytes_span out) const noexcept {
    if (sack_block_count > sack_blocks_max || out.size() < size()) return 0;
    out = out.first(size());
    bytes_span rest = out;
    if (maximum_segment_size) {
        store_be(begin_option(rest, tcp_option::maximum_segment_size, 2), 0, *maximum_segment_size);
    }
    if (window_scale) store_be(begin_option(rest, tcp_option::window_scale, 1), 0, *window_scale);
    if (sack_permitted) begin_option(rest, tcp_option::sack_permitted, 0);
    if (timestamps) {
        const bytes_span data = begin_option(rest, tcp_option::timestamps, 8);
        store_be(data, 0, timestamps->value);
        store_be(data, 4, timestamps->echo_reply);
    }
    if (sack_block_count != 0) {
        bytes_span data = begin_option(rest, tcp_option::sack, sack_block_size * sack_block_count);
        for (const tcp_sack_block& block : std::span{sack_blocks}.first(sack_block_count)) {
            store_be(data, 0, block.left_edge);
            store_be(data, 4, block.right_edge);
            data = data.subspan(sack_block_size);
        }
    }
    std::ranges::fill(rest, no_operation);
    return out.size();
}

parsed<tcp_options> tcp_options::from(bytes_view options) noexcept {
    tcp_options read;
    while (!options.empty()) {
        const auto next = next_tcp_option(options);
        if (!next) return next.error();
        if (*next && !read_option(**next, read)) return parse_error::bad_option;
    }
    return read;
}

bool operator==(const tcp_options& a, const tcp_options& b) noexcept {
    const auto blocks = [](const tcp_options& o) {
        return std::span{o.sack_blocks}.first(std::min(o.sack_block_count, tcp_options::sack_blocks_max));
    };
    return a.maximum_segment_size == b.maximum_segment_size && a.window_scale == b.window_scale &&
           a.sack_permitted == b.sack_permitted && a.timestamps == b.timestamps &&
           a.sack_block_count == b.sack_block_count && std::ranges::equal(blocks(a), blocks(b));
}

}  // namespace sonde::wire
