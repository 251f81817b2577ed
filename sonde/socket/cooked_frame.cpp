#include <algorithm>

#include <sonde/socket/cooked_frame.hpp>

namespace sonde::socket {

namespace {

constexpr std::size_t header_size = 20;
constexpr std::size_t tag_size = 4;

}  // namespace

cooked_frame cook(bytes_view payload, const frame_meta& meta, std::vector<std::byte>& into) {
    const std::size_t before = header_size + (meta.tag ? tag_size : 0);
    const std::size_t size = before + payload.size();
    if (into.size() < size) into.resize(size);
    const bytes_span out = bytes_span{into}.first(size);
    store_be<std::uint16_t>(out, 0, meta.tag ? meta.tag->tpid : meta.protocol);
    store_be<std::uint16_t>(out, 2, 0);
    store_be<std::uint32_t>(out, 4, meta.interface);
    store_be<std::uint16_t>(out, 8, meta.hardware_type);
    store_be<std::uint8_t>(out, 10, static_cast<std::uint8_t>(meta.type));
    store_be<std::uint8_t>(out, 11, meta.address_size);
    std::ranges::copy(meta.address, out.begin() + 12);
    if (meta.tag) {
        store_be<std::uint16_t>(out, header_size, meta.tag->tci);
        store_be<std::uint16_t>(out, header_size + 2, meta.protocol);
    }
    std::ranges::copy(payload, out.begin() + static_cast<std::ptrdiff_t>(before));
    return {out, meta.full_size + static_cast<std::uint32_t>(before)};
}

}  // namespace sonde::socket
