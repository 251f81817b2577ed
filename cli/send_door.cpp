#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <cli/send_door.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/neighbour.hpp>

namespace sonde::cli {

namespace {

constexpr std::size_t batch = 64;

bool is_full(int error_number) noexcept {
    return error_number == EAGAIN || error_number == ENOBUFS;
}

/// Adds what to do about a packet that is too large for where it goes.
failure explained(failure why, const prepared_packet& packet) {
    if (why.code.value() == EINVAL && packet.through == door::network) {
        why.remedy = "the kernel does not take this IP header; --layer link sends it as it is";
    }
    if (why.code.value() != EMSGSIZE) return why;
    std::uint32_t index = packet.interface;
    if (index == 0) {
        if (const auto hop = socket::next_hop_towards(packet.destination, 0)) index = hop->interface;
    }
    const auto all = socket::interfaces();
    if (!all) return why;
    const auto found = std::ranges::find(*all, index, &socket::network_interface::index);
    if (found == all->end()) return why;
    const std::string name = report::escape_text(found->name);
    return {fmt::format("a packet of {} bytes is too large for {}, whose MTU is {}", packet.complete.size(), name,
                        found->mtu),
            fmt::format("send it in fragments (ip(flags=MF)/..., then ip(frag=...)/...), or raise the MTU:\n"
                        "  ip link set dev {} mtu {}",
                        name, packet.complete.size()),
            why.code};
}

}  // namespace

result<send_door> send_door::open(const prepared_packet& like, bool both_families) {
    send_door out;
    out.through_ = like.through;
    out.protocol_ = like.protocol;
    if (like.through == door::link) {
        auto opened = socket::packet_socket::open({.interface = like.interface, .send_only = true});
        if (!opened) return opened.error();
        out.link_ = *std::move(opened);
        return out;
    }
    for (const family f : {family::v4, family::v6}) {
        if (!both_families && f != like.destination.family()) continue;
        const bool included = like.through == door::network;
        auto opened = socket::raw_socket::open({.family = f,
                                                .protocol = included ? std::uint8_t{255} : like.protocol,
                                                .header_included = included,
                                                .interface = like.interface,
                                                .broadcast = true,
                                                .receive_buffer = 1});
        // A machine without IPv6 can send a file that has none.
        if (!opened && f != like.destination.family()) continue;
        if (!opened) return opened.error();
        (f == family::v4 ? out.v4_ : out.v6_) = *std::move(opened);
    }
    return out;
}

int send_door::fd() const noexcept {
    if (link_) return link_->fd();
    return v4_ ? v4_->fd() : v6_->fd();
}

send_door::outcome send_door::send(const prepared_packet& packet, std::size_t times) {
    if (packet.through == door::link) return send_frames(packet, times);
    auto& through = packet.destination.is_v4() ? v4_ : v6_;
    outcome out;
    if (!through) {
        out.why = failure{
            "this system has no socket of that family", {}, std::error_code(EAFNOSUPPORT, std::generic_category())};
        return out;
    }
    if (packet.through == door::transport && packet.protocol != protocol_) {
        out.why = failure{
            fmt::format("a packet of protocol {} in a run that began with protocol {}", packet.protocol, protocol_),
            "send them with --layer network", std::error_code(EPROTOTYPE, std::generic_category())};
        return out;
    }
    const bytes_view piece{packet.written};
    for (; out.sent < times; ++out.sent) {
        const auto done = through->send(std::span{&piece, 1}, packet.destination, packet.wishes);
        if (done) continue;
        if (is_full(done.error().code.value())) {
            out.full = true;
        } else {
            out.why = explained(done.error(), packet);
        }
        break;
    }
    return out;
}

send_door::outcome send_door::send_frames(const prepared_packet& packet, std::size_t times) {
    std::array<bytes_view, batch> frames;
    const std::size_t count = std::min(times, batch);
    std::fill_n(frames.begin(), count, bytes_view{packet.written});
    const auto done = link_->send(std::span{frames}.first(count));
    outcome out{.sent = done.sent};
    if (done.error_number == 0) return out;
    if (is_full(done.error_number)) {
        out.full = true;
        return out;
    }
    // One more, alone: it says what the batch's number does not.
    const bytes_view piece{packet.written};
    const auto alone = link_->send_pieces(std::span{&piece, 1});
    if (alone) {
        ++out.sent;
    } else {
        out.why = explained(alone.error(), packet);
    }
    return out;
}

}  // namespace sonde::cli
