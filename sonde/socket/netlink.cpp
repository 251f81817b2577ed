#include <algorithm>
#include <cerrno>
#include <libmnl/libmnl.h>
#include <sys/socket.h>
#include <vector>

#include <fmt/format.h>

#include <sonde/socket/netlink.hpp>

#include <linux/netlink.h>

namespace sonde::socket {

namespace {

// Linux cuts a dump's messages to what its reader has room for, up to 32 KiB.
constexpr std::size_t answer_size = 32768;
// NLA_TYPE_MASK and NLA_ALIGN, as numbers without a sign.
constexpr unsigned attribute_type = 0x3fff;
constexpr std::size_t aligned(std::size_t size) noexcept {
    return (size + 3) / 4 * 4;
}

nlmsghdr* header_of(std::span<std::byte> memory) noexcept {
    return static_cast<nlmsghdr*>(static_cast<void*>(memory.data()));
}

bytes_view payload_of(const nlmsghdr* message) {
    return {static_cast<const std::byte*>(::mnl_nlmsg_get_payload(message)), ::mnl_nlmsg_get_payload_len(message)};
}

/// Of NLMSG_ERROR, which is an acknowledgement too.
netlink_outcome read_acknowledgement(const nlmsghdr* message) {
    const bytes_view body = payload_of(message);
    if (body.size() < sizeof(nlmsgerr)) return {EPROTO};
    const auto error = read_netlink<nlmsgerr>(body);
    netlink_outcome outcome{-error.error};
    if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return outcome;
    // Behind the request's header stands the request itself, unless the kernel has left it out.
    std::size_t quoted = sizeof(nlmsgerr);
    if ((message->nlmsg_flags & NLM_F_CAPPED) == 0) {
        quoted += std::max<std::size_t>(error.msg.nlmsg_len, sizeof(nlmsghdr)) - sizeof(nlmsghdr);
    }
    for_each_attribute(body, quoted, [&](std::uint16_t type, bytes_view value) {
        if (type == NLMSGERR_ATTR_MSG) outcome.kernel_words = read_netlink_text(value);
    });
    return outcome;
}

}  // namespace

netlink_request::netlink_request(std::uint16_t type, std::uint16_t flags, bytes_view header) noexcept {
    nlmsghdr* message = ::mnl_nlmsg_put_header(memory_.data());
    message->nlmsg_type = type;
    // A dump ends by itself, all else with an acknowledgement.
    const bool dump = (flags & NLM_F_DUMP) == NLM_F_DUMP;
    message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags | (dump ? 0 : NLM_F_ACK));
    std::memcpy(::mnl_nlmsg_put_extra_header(message, header.size()), header.data(), header.size());
}

netlink_request& netlink_request::put(std::uint16_t attribute, bytes_view value) noexcept {
    if (!::mnl_attr_put_check(header_of(memory_), capacity, attribute, value.size(), value.data())) full_ = true;
    return *this;
}

netlink_request& netlink_request::put(std::uint16_t attribute, std::string_view text) noexcept {
    std::array<std::byte, capacity> terminated{};
    if (text.size() >= terminated.size()) {
        full_ = true;
        return *this;
    }
    std::memcpy(terminated.data(), text.data(), text.size());
    return put(attribute, bytes_view{terminated}.first(text.size() + 1));
}

netlink_request& netlink_request::put(std::uint16_t attribute, std::uint8_t number) noexcept {
    return put(attribute, std::as_bytes(std::span{&number, 1}));
}

netlink_request& netlink_request::put(std::uint16_t attribute, std::uint32_t number) noexcept {
    return put(attribute, std::as_bytes(std::span{&number, 1}));
}

netlink_request& netlink_request::put_nested(std::uint16_t attribute,
                                             const std::function<void(netlink_request&)>& inside) {
    nlattr* nest = ::mnl_attr_nest_start_check(header_of(memory_), capacity, attribute);
    if (nest == nullptr) {
        full_ = true;
        return *this;
    }
    inside(*this);
    ::mnl_attr_nest_end(header_of(memory_), nest);
    return *this;
}

failure netlink_outcome::to_failure(std::string what) const {
    failure f = system_failure(std::move(what), error_number);
    if (!kernel_words.empty()) f.what += fmt::format(" ({})", kernel_words);
    return f;
}

void netlink_socket::closer::operator()(void* socket) const noexcept {
    ::mnl_socket_close(static_cast<mnl_socket*>(socket));
}

result<netlink_socket> netlink_socket::open() {
    netlink_socket made(::mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
    auto* socket = static_cast<mnl_socket*>(made.socket_.get());
    if (socket == nullptr || ::mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        return system_failure("cannot open a netlink socket", errno);
    }
    // Kernels before 4.12 have no words.
    int on = 1;
    (void)::mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof on);
    (void)::mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof on);
    return made;
}

netlink_outcome netlink_socket::exchange(netlink_request& request, const std::function<void(bytes_view)>& take) {
    if (request.full_) return {EMSGSIZE};
    auto* socket = static_cast<mnl_socket*>(socket_.get());
    nlmsghdr* message = header_of(request.memory_);
    message->nlmsg_seq = ++sequence_;
    if (::mnl_socket_sendto(socket, message, message->nlmsg_len) < 0) return {errno};

    std::vector<std::byte> buffer(answer_size);
    for (;;) {
        const ssize_t size = ::mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return {errno};
        int left = static_cast<int>(size);
        for (const nlmsghdr* answer = header_of(buffer); ::mnl_nlmsg_ok(answer, left);
             answer = ::mnl_nlmsg_next(answer, &left)) {
            if (answer->nlmsg_seq != sequence_) continue;
            if (answer->nlmsg_type == NLMSG_ERROR) return read_acknowledgement(answer);
            if (answer->nlmsg_type == NLMSG_DONE) return {-read_netlink<int>(payload_of(answer))};
            if (answer->nlmsg_type >= NLMSG_MIN_TYPE && take) take(payload_of(answer));
        }
    }
}

void for_each_attribute(bytes_view message, std::size_t fixed,
                        const std::function<void(std::uint16_t type, bytes_view value)>& take) {
    std::size_t at = aligned(fixed);
    while (at + sizeof(nlattr) <= message.size()) {
        const auto header = read_netlink<nlattr>(message.subspan(at));
        if (header.nla_len < sizeof(nlattr) || header.nla_len > message.size() - at) return;
        take(static_cast<std::uint16_t>(header.nla_type & attribute_type),
             message.subspan(at + sizeof(nlattr), header.nla_len - sizeof(nlattr)));
        at += aligned(header.nla_len);
    }
}

std::string read_netlink_text(bytes_view bytes) {
    const auto end = std::ranges::find(bytes, std::byte{0});
    std::string text(static_cast<std::size_t>(end - bytes.begin()), '\0');
    std::transform(bytes.begin(), end, text.begin(), [](std::byte b) { return static_cast<char>(b); });
    return text;
}

}  // namespace sonde::socket
