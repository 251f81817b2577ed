// One way to speak rtnetlink(7): a request put together, sent, and its answer taken, with the kernel's own words of why
// not (extended acknowledgements).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>

namespace sonde::socket {

/// A message of type `RTM_*` and what stands in it. Bounded: what has no room is left out, and the kernel's answer is
/// EMSGSIZE. A value type.
class netlink_request {
public:
    /// `flags`: NLM_F_DUMP, NLM_F_CREATE, ... besides those that every request has. `header` is the fixed part, such as
    /// an `ifinfomsg`.
    template <class Header>
    netlink_request(std::uint16_t type, std::uint16_t flags, const Header& header)
        : netlink_request(type, flags, std::as_bytes(std::span{&header, 1})) {}

    netlink_request& put(std::uint16_t attribute, bytes_view value) noexcept;
    netlink_request& put(std::uint16_t attribute, std::string_view text) noexcept;  ///< with a zero behind it
    netlink_request& put(std::uint16_t attribute, std::uint8_t number) noexcept;
    netlink_request& put(std::uint16_t attribute, std::uint32_t number) noexcept;
    /// What `inside` puts stands within the attribute.
    netlink_request& put_nested(std::uint16_t attribute, const std::function<void(netlink_request&)>& inside);

private:
    friend class netlink_socket;
    static constexpr std::size_t capacity = 2048;
    static constexpr std::size_t alignment = 8;

    netlink_request(std::uint16_t type, std::uint16_t flags, bytes_view header) noexcept;

    alignas(alignment) std::array<std::byte, capacity> memory_{};
    bool full_ = false;
};

/// What became of a request. A value type.
struct netlink_outcome {
    int error_number = 0;        ///< 0: done
    std::string kernel_words{};  ///< of the extended acknowledgement; often none

    [[nodiscard]] bool done() const noexcept { return error_number == 0; }
    /// `WHAT: its error (the kernel's words)`.
    [[nodiscard]] failure to_failure(std::string what) const;
};

/// One conversation with the kernel of this network namespace. Move-only. One thread at a time.
class netlink_socket {
public:
    [[nodiscard]] static result<netlink_socket> open();

    /// Sends it, and gives each message of the answer to `take`: the bytes behind the netlink header, borrowed. The
    /// caller raises what privilege it needs.
    [[nodiscard]] netlink_outcome exchange(netlink_request& request, const std::function<void(bytes_view)>& take = {});

private:
    struct closer {
        void operator()(void* socket) const noexcept;
    };
    explicit netlink_socket(void* socket) noexcept : socket_(socket) {}
    std::unique_ptr<void, closer> socket_;
    std::uint32_t sequence_ = 0;
};

/// Each attribute behind the fixed part of a message, or within a nested attribute (`fixed` is 0 there).
void for_each_attribute(bytes_view message, std::size_t fixed,
                        const std::function<void(std::uint16_t type, bytes_view value)>& take);

/// The number or fixed part at the beginning; zeros where the bytes do not suffice.
template <class T>
[[nodiscard]] T read_netlink(bytes_view bytes) noexcept {
    T value{};
    if (bytes.size() >= sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}
/// Up to the zero.
[[nodiscard]] std::string read_netlink_text(bytes_view bytes);

}  // namespace sonde::socket
