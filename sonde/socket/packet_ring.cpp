#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <vector>

#include <fmt/format.h>

#include <sonde/socket/control_message.hpp>
#include <sonde/socket/packet_ring.hpp>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

namespace sonde::socket {

namespace {

/// The mapping of one ring.
class ring_memory {
public:
    ring_memory() noexcept = default;
    ring_memory(std::byte* begin, std::size_t size) noexcept : begin_(begin), size_(size) {}
    ring_memory(ring_memory&& other) noexcept
        : begin_(std::exchange(other.begin_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    ring_memory& operator=(ring_memory&& other) noexcept {
        std::swap(begin_, other.begin_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~ring_memory() {
        if (begin_ != nullptr) ::munmap(begin_, size_);
    }

    [[nodiscard]] std::byte* begin() const noexcept { return begin_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    std::byte* begin_ = nullptr;
    std::size_t size_ = 0;
};

struct layout {
    std::size_t block_size = 0;
    std::size_t slot_size = 0;
    std::size_t block_count = 0;

    [[nodiscard]] std::size_t slots_per_block() const noexcept { return block_size / slot_size; }
};

constexpr std::size_t align(std::size_t size) noexcept {
    return (size + TPACKET_ALIGNMENT - 1) / TPACKET_ALIGNMENT * TPACKET_ALIGNMENT;
}

// Up to where the kernel may put the frame: its header, the link address, a link header's 16 bytes and, of links with a
// longer one, their alignment; and what is reserved.
constexpr std::size_t reserved = ring_frame::headroom;
constexpr std::size_t frame_overhead = align(align(sizeof(tpacket3_hdr)) + sizeof(sockaddr_ll) + 16) + 64 + reserved;
constexpr std::size_t smallest_block = 1 << 18;
constexpr std::size_t largest_snap = 1 << 24;
constexpr std::size_t largest_ring = std::size_t{1} << 32;

layout lay_out(const packet_ring_options& options) noexcept {
    const std::size_t snap = std::clamp<std::size_t>(options.snap_length, 64, largest_snap);
    layout ring;
    const std::size_t slot = align(frame_overhead + snap);
    if (options.wake == ring_wake::per_frame) {
        // Slots do not cross blocks: with eight and more in one, little is left over at its end.
        ring.slot_size = slot;
        ring.block_size = std::max(smallest_block, std::bit_ceil(8 * slot));
    } else {
        // The kernel packs a block as densely as the frames allow; the slot size is only a unit here.
        ring.block_size = std::max(smallest_block * 4, std::bit_ceil(2 * slot));
        ring.slot_size = 2048;
    }
    const std::size_t memory = std::min(options.memory, largest_ring);
    ring.block_count = std::max<std::size_t>((memory + ring.block_size - 1) / ring.block_size, 2);
    return ring;
}

bool ask_for_ring(int fd, const layout& ring, const packet_ring_options& options) noexcept {
    const auto blocks = static_cast<unsigned>(ring.block_count);
    const auto slots = static_cast<unsigned>(ring.block_count * ring.slots_per_block());
    if (options.wake == ring_wake::per_frame) {
        const tpacket_req request{static_cast<unsigned>(ring.block_size), blocks, static_cast<unsigned>(ring.slot_size),
                                  slots};
        return set_option(fd, SOL_PACKET, PACKET_RX_RING, request);
    }
    tpacket_req3 request{};
    request.tp_block_size = static_cast<unsigned>(ring.block_size);
    request.tp_block_nr = blocks;
    request.tp_frame_size = static_cast<unsigned>(ring.slot_size);
    request.tp_frame_nr = slots;
    const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(options.block_timeout).count();
    // Zero would leave the choice to the kernel.
    request.tp_retire_blk_tov = static_cast<unsigned>(std::clamp<std::int64_t>(timeout, 1, 10'000));
    return set_option(fd, SOL_PACKET, PACKET_RX_RING, request);
}

void give_ring_back(int fd, ring_wake wake) noexcept {
    if (wake == ring_wake::per_frame) {
        set_option(fd, SOL_PACKET, PACKET_RX_RING, tpacket_req{});
    } else {
        set_option(fd, SOL_PACKET, PACKET_RX_RING, tpacket_req3{});
    }
}

std::uint32_t load_status(std::uint32_t& status) noexcept {
    return std::atomic_ref<std::uint32_t>(status).load(std::memory_order_acquire);
}

void give_back(std::uint32_t& status) noexcept {
    std::atomic_ref<std::uint32_t>(status).store(TP_STATUS_KERNEL, std::memory_order_release);
}

template <class T>
T& at(std::byte* memory) noexcept {
    return *static_cast<T*>(static_cast<void*>(memory));
}

std::uint16_t vlan_tci(const tpacket2_hdr& h) noexcept {
    return h.tp_vlan_tci;
}
std::uint16_t vlan_tci(const tpacket3_hdr& h) noexcept {
    return static_cast<std::uint16_t>(h.hv1.tp_vlan_tci);
}
std::uint16_t vlan_tpid(const tpacket2_hdr& h) noexcept {
    return h.tp_vlan_tpid;
}
std::uint16_t vlan_tpid(const tpacket3_hdr& h) noexcept {
    return h.hv1.tp_vlan_tpid;
}

/// What both versions' headers say, in the same words.
template <class Header>
void fill(ring_frame& out, std::byte* frame, const Header& h, std::uint32_t status) noexcept {
    const auto& link = at<const sockaddr_ll>(frame + align(sizeof(Header)));
    out.bytes = bytes_span{frame + h.tp_mac, h.tp_snaplen};
    frame_meta& meta = out.meta;
    meta.at = wall_time{std::chrono::seconds{h.tp_sec} + std::chrono::nanoseconds{h.tp_nsec}};
    meta.interface = static_cast<std::uint32_t>(link.sll_ifindex);
    meta.type = static_cast<packet_type>(link.sll_pkttype);
    meta.protocol = ntohs(link.sll_protocol);
    meta.hardware_type = link.sll_hatype;
    meta.address_size = link.sll_halen;
    std::memcpy(meta.address.data(), link.sll_addr, meta.address.size());
    meta.full_size = h.tp_len;
    meta.checksum_unfinished = (status & TP_STATUS_CSUMNOTREADY) != 0;
    meta.checksum_verified = (status & TP_STATUS_CSUM_VALID) != 0;
    if ((status & TP_STATUS_VLAN_VALID) != 0) [[unlikely]] {
        const bool told = (status & TP_STATUS_VLAN_TPID_VALID) != 0;
        meta.tag = vlan_tag{told ? vlan_tpid(h) : std::uint16_t{ETH_P_8021Q}, vlan_tci(h)};
    } else {
        meta.tag.reset();
    }
}

}  // namespace

struct packet_ring::state {
    packet_socket socket;
    ring_memory memory;
    ring_wake wake;
    std::vector<std::byte*> places;  // of V2's slots, of V3's blocks

    // V2: the next slot to look at, and how many before it were handed out. V3: the block being read, and how many
    // before it were read to their ends.
    std::size_t next = 0;
    std::size_t held = 0;
    // V3, within the block: the next frame and how many are left; nothing when the block is not open.
    std::byte* frame = nullptr;
    std::uint32_t frames_left = 0;

    state(packet_socket opened, const layout& l, ring_memory mapped, ring_wake w)
        : socket(std::move(opened)), memory(std::move(mapped)), wake(w) {
        const std::size_t per_block = wake == ring_wake::per_frame ? l.slots_per_block() : 1;
        places.reserve(l.block_count * per_block);
        for (std::size_t block = 0; block < l.block_count; ++block) {
            for (std::size_t slot = 0; slot < per_block; ++slot) {
                places.push_back(memory.begin() + block * l.block_size + slot * l.slot_size);
            }
        }
    }

    void advance() noexcept {
        if (++next == places.size()) next = 0;
        ++held;
    }
    [[nodiscard]] std::uint32_t& status_of(std::size_t index) const noexcept {
        return wake == ring_wake::per_frame ? at<tpacket2_hdr>(places[index]).tp_status
                                            : at<tpacket_block_desc>(places[index]).hdr.bh1.block_status;
    }

    std::size_t receive_slots(std::span<ring_frame> out) noexcept {
        std::size_t filled = 0;
        while (filled < out.size() && held < places.size()) {
            std::byte* const here = places[next];
            auto& header = at<tpacket2_hdr>(here);
            const std::uint32_t status = load_status(header.tp_status);
            if ((status & TP_STATUS_USER) == 0) break;
            fill(out[filled++], here, header, status);
            advance();
        }
        return filled;
    }

    bool open_block() noexcept {
        if (held == places.size()) return false;
        auto& header = at<tpacket_block_desc>(places[next]).hdr.bh1;
        if ((load_status(header.block_status) & TP_STATUS_USER) == 0) return false;
        frames_left = header.num_pkts;
        frame = places[next] + header.offset_to_first_pkt;
        return true;
    }

    std::size_t receive_blocks(std::span<ring_frame> out) noexcept {
        std::size_t filled = 0;
        while (filled < out.size() && (frame != nullptr || open_block())) {
            const std::size_t take = std::min<std::size_t>(frames_left, out.size() - filled);
            for (std::size_t i = 0; i < take; ++i) {
                const auto& header = at<tpacket3_hdr>(frame);
                fill(out[filled++], frame, header, header.tp_status);
                frame += header.tp_next_offset;
            }
            frames_left -= static_cast<std::uint32_t>(take);
            if (frames_left == 0) {
                frame = nullptr;
                advance();
            }
        }
        return filled;
    }
};

packet_ring::packet_ring(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
packet_ring::packet_ring(packet_ring&&) noexcept = default;
packet_ring& packet_ring::operator=(packet_ring&&) noexcept = default;
packet_ring::~packet_ring() = default;

result<packet_ring> packet_ring::open(const packet_ring_options& options) {
    auto socket = packet_socket::open(options.socket);
    if (!socket) return socket.error();
    const int fd = socket->fd();
    socket->snap_length_ = options.snap_length;
    layout ring = lay_out(options);
    if (options.socket.send_only) {
        ring.block_count = 0;
        return packet_ring(std::make_unique<state>(std::move(*socket), ring, ring_memory{}, options.wake));
    }

    const int version = options.wake == ring_wake::per_frame ? TPACKET_V2 : TPACKET_V3;
    if (!set_option(fd, SOL_PACKET, PACKET_VERSION, version)) {
        return system_failure("this kernel has no packet ring of that version (PACKET_VERSION)", errno);
    }
    if (!set_option(fd, SOL_PACKET, PACKET_RESERVE, static_cast<unsigned>(reserved))) {
        return system_failure("cannot reserve room before the ring's frames (PACKET_RESERVE)", errno);
    }
    int why = 0;
    // Smaller and smaller: ENOMEM is of the ring itself, EAGAIN and ENOMEM of mapping it are limits of this process.
    for (; ring.block_count > 0; ring.block_count /= 2) {
        if (!ask_for_ring(fd, ring, options)) {
            why = errno;
            if (why != ENOMEM) break;
            continue;
        }
        const std::size_t size = ring.block_count * ring.block_size;
        void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (memory != MAP_FAILED) {
            ring_memory mapped(static_cast<std::byte*>(memory), size);
            return packet_ring(std::make_unique<state>(std::move(*socket), ring, std::move(mapped), options.wake));
        }
        why = errno;
        give_ring_back(fd, options.wake);
    }
    return system_failure(fmt::format("cannot make a packet ring of blocks of {} KiB", ring.block_size / 1024), why);
}

packet_socket& packet_ring::socket() noexcept {
    return state_->socket;
}
int packet_ring::fd() const noexcept {
    return state_->socket.fd();
}
std::size_t packet_ring::memory() const noexcept {
    return state_->memory.size();
}

std::size_t packet_ring::receive(std::span<ring_frame> out) {
    return state_->wake == ring_wake::per_frame ? state_->receive_slots(out) : state_->receive_blocks(out);
}

void packet_ring::release() noexcept {
    state& s = *state_;
    const std::size_t count = s.places.size();
    for (std::size_t i = s.next + count - s.held; s.held > 0; --s.held, ++i) give_back(s.status_of(i % count));
}

bytes_span ring_frame::with_tag() const noexcept {
    constexpr std::size_t addresses = 12;
    if (!meta.tag || bytes.size() < addresses) return bytes;
    std::byte* const begin = bytes.data() - headroom;
    std::memmove(begin, bytes.data(), addresses);
    const bytes_span tagged{begin, bytes.size() + headroom};
    store_be<std::uint16_t>(tagged, addresses, meta.tag->tpid);
    store_be<std::uint16_t>(tagged, addresses + 2, meta.tag->tci);
    return tagged;
}

}  // namespace sonde::socket
