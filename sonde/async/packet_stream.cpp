#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <sonde/async/packet_stream.hpp>
#include <sonde/socket/bpf_filter.hpp>
#include <sonde/socket/cooked_frame.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/packet_ring.hpp>

namespace sonde::async {

namespace {

using boost::asio::posix::stream_descriptor;

constexpr std::size_t batch_size = 256;
constexpr std::size_t most_skipped_at_once = 4096;
constexpr std::uint16_t arphrd_loopback = 772;
constexpr std::size_t tag_size = 4;

/// The filter, and who runs it.
struct attached_filter {
    socket::bpf_filter kernel;
    std::optional<socket::bpf_filter> here;  // what the kernel cannot see, over the frame as it is delivered
};

result<attached_filter> filter_for(const packet_stream_options& options, link_type link) {
    attached_filter filter;
    if (options.filter.empty()) return filter;
    auto compiled = socket::bpf_filter::compile(options.filter, link, options.snap_length);
    if (!compiled) return compiled.error();
    const bool any_link = link == link_type::linux_cooked_v2;
    auto there = any_link ? compiled->for_cooked_socket() : compiled;
    if (compiled->reads_vlan_tags() || !there) {
        filter.here = *std::move(compiled);
    } else {
        filter.kernel = *std::move(there);
    }
    return filter;
}

bool is_any(std::string_view interface) noexcept {
    return interface.empty() || interface == "any";
}

boost::system::error_code system_error(int number) noexcept {
    return {number, boost::system::system_category()};
}

}  // namespace

struct packet_source::state {
    state(const boost::asio::any_io_executor& e, socket::packet_ring r, packet_stream_options o)
        : executor(e), options(std::move(o)), ring(std::move(r)), readiness(e, ring->fd()) {}

    [[nodiscard]] bool wanted(const socket::frame_meta& meta) const noexcept;
    [[nodiscard]] bool prepare(socket::ring_frame& frame);
    void find_trouble();
    void set_trouble(int number, std::string what);

    boost::asio::any_io_executor executor;
    packet_stream_options options;
    std::string name;  // of the interface; empty for all
    std::uint32_t index = 0;
    std::uint16_t hardware_type = 0;
    link_type link = link_type::linux_cooked_v2;
    std::optional<socket::bpf_filter> filter_here;
    std::optional<socket::packet_ring> ring;  // nothing when closed
    stream_descriptor readiness;
    std::array<socket::ring_frame, batch_size> frames{};
    std::size_t count = 0;
    std::size_t next = 0;
    std::vector<std::byte> cooked;  // one frame with its header, where the kernel delivers none
    captured_frame current;
    bool current_waits = false;  // to be taken
    bool receiving = false;
    bool gone = false;
    bool trouble_waits = false;
    boost::system::error_code error;
    std::optional<failure> trouble;
    packet_stream_statistics counts;
};

bool packet_source::state::wanted(const socket::frame_meta& meta) const noexcept {
    // What is left in the ring of an interface that was another kind of link begins with another header.
    if (!name.empty() && meta.hardware_type != hardware_type) [[unlikely]]
        return false;
    const bool outgoing = meta.type == socket::packet_type::outgoing;
    switch (options.direction) {
        case capture_direction::incoming:
            return !outgoing;
        case capture_direction::outgoing:
            return outgoing;
        case capture_direction::both:
            break;
    }
    return !outgoing || meta.hardware_type != arphrd_loopback;
}

bool packet_source::state::prepare(socket::ring_frame& frame) {
    if (!wanted(frame.meta)) return false;
    current.meta = frame.meta;
    current.link = link;
    if (link == link_type::linux_cooked_v2) {
        const bytes_view payload = frame.bytes;
        const auto whole =
            socket::cook(payload.first(std::min<std::size_t>(payload.size(), options.snap_length)), frame.meta, cooked);
        current.bytes = whole.bytes;
        current.meta.full_size = whole.full_size;
    } else if (frame.meta.tag && link == link_type::ethernet) {
        current.bytes = frame.with_tag();
        current.meta.full_size += static_cast<std::uint32_t>(tag_size);
    } else {
        current.bytes = frame.bytes;
    }
    if (link != link_type::linux_cooked_v2 && current.bytes.size() > options.snap_length) {
        current.bytes = current.bytes.first(options.snap_length);
    }
    return !filter_here || filter_here->matches(current.bytes, current.meta.full_size);
}

void packet_source::state::set_trouble(int number, std::string what) {
    error = system_error(number);
    trouble = system_failure(std::move(what), number);
    trouble_waits = true;
}

// A packet socket is told ENETDOWN when its interface goes down, and also when it goes away.
void packet_source::state::find_trouble() {
    const int number = ring->socket().take_error();
    if (number == 0) return;
    if (number != ENETDOWN || name.empty()) return set_trouble(number, "cannot receive");
    const auto all = socket::interfaces();
    const auto still = [this](const socket::network_interface& i) { return i.index == index; };
    if (!all || std::ranges::any_of(*all, still)) return set_trouble(ENETDOWN, "interface '" + name + "'");
    gone = true;
    set_trouble(ENODEV, "interface '" + name + "' was deleted");
    trouble->what = "interface '" + name + "' was deleted";
}

packet_source::packet_source(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}

packet_source::~packet_source() {
    close();
}

result<std::shared_ptr<packet_source>> packet_source::open(const boost::asio::any_io_executor& executor,
                                                           packet_stream_options options) {
    const bool any = is_any(options.interface);
    std::optional<socket::network_interface> interface;
    if (!any) {
        auto found = socket::find_interface(options.interface);
        if (!found) return found.error();
        interface = *std::move(found);
    }
    const link_type link = any ? link_type::linux_cooked_v2 : interface->link();
    auto filter = filter_for(options, link);
    if (!filter) return filter.error();

    socket::packet_ring_options wishes{.wake = socket::ring_wake::per_block,
                                       .memory = options.memory,
                                       .snap_length = options.snap_length,
                                       .block_timeout = options.latency};
    wishes.socket.interface = any ? 0 : interface->index;
    wishes.socket.cooked = link == link_type::linux_cooked_v2;
    wishes.socket.promiscuous = options.promiscuous && !any;
    auto ring = socket::packet_ring::open(wishes);
    if (!ring) return ring.error();
    if (const auto started = ring->socket().start(filter->kernel); !started) return started.error();

    auto s = std::make_unique<state>(executor, *std::move(ring), std::move(options));
    s->link = link;
    s->filter_here = std::move(filter->here);
    if (interface) {
        s->name = interface->name;
        s->index = interface->index;
        s->hardware_type = interface->hardware_type;
    }
    return std::shared_ptr<packet_source>(new packet_source(std::move(s)));
}

const boost::asio::any_io_executor& packet_source::executor() const noexcept {
    return state_->executor;
}

bool packet_source::begin_receive() noexcept {
    return !std::exchange(state_->receiving, true);
}

void packet_source::end_receive() noexcept {
    state_->receiving = false;
}

bool packet_source::receiving() const noexcept {
    return state_->receiving;
}

packet_source::readiness packet_source::look() {
    state& s = *state_;
    if (!s.ring) return readiness::trouble;
    if (s.current_waits) return readiness::frame;
    for (std::size_t skipped = 0; skipped < most_skipped_at_once; ++skipped) {
        if (s.next == s.count) {
            s.ring->release();
            s.count = s.ring->receive(s.frames);
            s.next = 0;
        }
        if (s.count == 0) {
            if (!s.gone) s.find_trouble();
            return s.trouble_waits || s.gone ? readiness::trouble : readiness::nothing;
        }
        if (s.prepare(s.frames[s.next++])) {
            s.current_waits = true;
            return readiness::frame;
        }
        ++s.counts.skipped;
    }
    return readiness::again;
}

boost::system::error_code packet_source::take(captured_frame& into) noexcept {
    state& s = *state_;
    if (!s.ring) return boost::asio::error::operation_aborted;
    if (s.current_waits) {
        s.current_waits = false;
        ++s.counts.delivered;
        into = s.current;
        return {};
    }
    s.trouble_waits = false;
    return s.error;
}

void packet_source::wait(boost::asio::any_completion_handler<void(boost::system::error_code)> woken) {
    state_->readiness.async_wait(stream_descriptor::wait_read, std::move(woken));
}

result<void> packet_source::reopen() {
    state& s = *state_;
    if (!s.ring) return system_failure("cannot reopen the stream", EBADF);
    if (!s.gone) return {};
    const auto found = socket::find_interface(s.name);
    if (!found) return found.error();
    if ((found->link() == link_type::linux_cooked_v2) != s.ring->socket().cooked()) {
        return system_failure("interface '" + s.name + "' came back as a link that this stream cannot read",
                              EPROTOTYPE);
    }
    if (found->link() != s.link) {
        auto filter = filter_for(s.options, found->link());
        if (!filter) return filter.error();
        if (const auto started = s.ring->socket().start(filter->kernel); !started) return started.error();
        s.filter_here = std::move(filter->here);
    }
    if (const auto bound = s.ring->socket().rebind(found->index); !bound) return bound.error();
    s.index = found->index;
    s.hardware_type = found->hardware_type;
    s.link = found->link();
    s.gone = false;
    s.trouble_waits = false;
    return {};
}

std::optional<failure> packet_source::trouble() const {
    return state_->trouble;
}

packet_stream_statistics packet_source::statistics() noexcept {
    state& s = *state_;
    if (s.ring) {
        const auto kernel = s.ring->read_statistics();
        s.counts.passed = kernel.passed;
        s.counts.dropped = kernel.dropped;
    }
    return s.counts;
}

bool packet_source::is_open() const noexcept {
    return state_->ring.has_value();
}

link_type packet_source::link() const noexcept {
    return state_->link;
}

// The descriptor belongs to the ring. Letting go of it completes a wait with `operation_aborted`.
void packet_source::close() noexcept {
    state& s = *state_;
    if (!s.ring) return;
    (void)statistics();
    s.readiness.release();
    s.current_waits = false;
    s.ring.reset();
}

}  // namespace sonde::async
