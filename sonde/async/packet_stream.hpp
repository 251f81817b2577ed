// Frames as they pass, awaited: a capture with a filter behind a completion token.
//
//     auto stream = sonde::packet_stream::open(io.get_executor(), {.interface = "eth0", .filter = "arp"}).value();
//     for (;;) {
//         std::optional frame = co_await stream.async_receive(boost::asio::use_awaitable);
//         for (; frame; frame = stream.try_receive()) show(*frame);
//     }
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/packet_socket.hpp>

namespace sonde {

/// Which of the frames that pass an interface.
enum class capture_direction : std::uint8_t { both, incoming, outgoing };

struct packet_stream_options {
    std::string interface = {};          ///< name or index; empty or `any`: all
    std::string filter = {};             ///< pcap-filter(7); empty: every frame
    bool promiscuous = false;            ///< also frames for others; not with `any`
    std::uint32_t snap_length = 262144;  ///< bytes kept of a frame
    /// On loopback every frame passes twice, out and in again: with `both` only the one that comes in is delivered.
    capture_direction direction = capture_direction::both;
    std::size_t memory = 8 << 20;  ///< bytes of the ring that the kernel fills
    /// The longest that a frame waits for others before it is handed over; the kernel rounds it to its ticks.
    duration latency = std::chrono::milliseconds{10};
};

/// A frame as it was on the wire, a VLAN tag in its place; with `any`, where it has none, the tag is in `meta` alone.
/// `bytes` lie in the ring: they are borrowed until the next `async_receive` or `try_receive` of the stream, or its
/// end. Copy what is to live longer.
struct captured_frame {
    bytes_view bytes;
    socket::frame_meta meta;
    link_type link = link_type::ethernet;  ///< what `bytes` begin with; with `any` it is `linux_cooked_v2`
};

/// What became of the frames since the stream was opened. `passed` = `delivered` + `skipped` + `dropped` + those that
/// still lie in the ring.
struct packet_stream_statistics {
    std::uint64_t passed = 0;     ///< passed the kernel's filter
    std::uint64_t delivered = 0;  ///< handed to the caller
    /// Of the other direction, refused by a filter that runs in this process, or of an interface of another kind that
    /// had the name before `reopen`.
    std::uint64_t skipped = 0;
    std::uint64_t dropped = 0;  ///< by the kernel, because the ring was full
};

namespace async {

/// The stream's inside: the ring, its descriptor in the event loop, and where in a batch of frames it is. Sees an
/// executor and no more of Asio.
class packet_source {
public:
    enum class readiness : std::uint8_t {
        nothing,  ///< wait
        frame,    ///< `take` gives it
        trouble,  ///< `take` says what
        again,    ///< so much was skipped that others get their turn first
    };

    [[nodiscard]] static result<std::shared_ptr<packet_source>> open(const boost::asio::any_io_executor& executor,
                                                                     packet_stream_options options);
    packet_source(const packet_source&) = delete;
    packet_source& operator=(const packet_source&) = delete;
    ~packet_source();

    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept;
    /// False when a receive is waiting already.
    [[nodiscard]] bool begin_receive() noexcept;
    void end_receive() noexcept;
    [[nodiscard]] bool receiving() const noexcept;

    /// What the caller had of the ring goes back to the kernel.
    [[nodiscard]] readiness look();
    /// After `look` said `frame` or `trouble`, or after `close`.
    [[nodiscard]] boost::system::error_code take(captured_frame& into) noexcept;
    void wait(boost::asio::any_completion_handler<void(boost::system::error_code)> woken);

    [[nodiscard]] result<void> reopen();
    [[nodiscard]] std::optional<failure> trouble() const;
    [[nodiscard]] packet_stream_statistics statistics() noexcept;
    [[nodiscard]] bool is_open() const noexcept;
    [[nodiscard]] link_type link() const noexcept;
    void close() noexcept;

private:
    struct state;
    explicit packet_source(std::unique_ptr<state> s) noexcept;
    std::unique_ptr<state> state_;
};

/// One `async_receive`, for `async_compose`. Every step runs where the handler does.
class receive_operation {
public:
    explicit receive_operation(std::shared_ptr<packet_source> source) : source_(std::move(source)) {}

    template <class Self>
    void operator()(Self& self, boost::system::error_code error = {}) {
        switch (std::exchange(step_, step::looked)) {
            case step::started:
                self.reset_cancellation_state(boost::asio::enable_total_cancellation());
                if (!source_->begin_receive()) {
                    step_ = step::refused;
                    return boost::asio::post(std::move(self));
                }
                break;
            case step::refused:
                return self.complete(boost::asio::error::already_started, captured_frame{});
            case step::waited:
                if (error && source_->is_open()) return finish(self, error);
                break;
            case step::yielded:
                if (self.cancelled() != boost::asio::cancellation_type::none) {
                    return finish(self, boost::asio::error::operation_aborted);
                }
                break;
            case step::looked:
                return finish(self, {});
        }
        look(self, error);
    }

private:
    enum class step : std::uint8_t { started, refused, waited, yielded, looked };

    // Whatever is there is taken in a turn of its own: a receive never completes inside the call that began it, and
    // what is taken cannot be closed before the handler has it.
    template <class Self>
    void look(Self& self, const boost::system::error_code& woken) {
        const bool first = !std::exchange(asked_, true);
        const auto found = source_->look();
        if (found == packet_source::readiness::nothing) {
            step_ = step::waited;
            packet_source& source = *source_;  // outlives the move: the operation that waits owns it
            return source.wait(std::move(self));
        }
        if (found == packet_source::readiness::again) {
            step_ = step::yielded;
            return boost::asio::post(std::move(self));
        }
        if (first) return boost::asio::post(std::move(self));
        finish(self, woken);
    }

    template <class Self>
    void finish(Self& self, boost::system::error_code error) {
        captured_frame frame;
        if (!error || !source_->is_open()) error = source_->take(frame);
        source_->end_receive();
        self.complete(error, frame);
    }

    std::shared_ptr<packet_source> source_;
    step step_ = step::started;
    bool asked_ = false;
};

}  // namespace async

/// A capture on one interface, or on all. Opening needs CAP_NET_RAW, raised around that alone; afterwards none is
/// needed. As with Asio's own sockets, one thread at a time: with several threads in the context bind what is awaited
/// to a strand, and call from there. It keeps work in the executor only while a receive waits; it must not outlive the
/// executor's context. Destroying it is closing it. What was moved from may be destroyed or assigned to, nothing else.
/// Source: packet(7), the kernel's Documentation/networking/packet_mmap.rst.
class packet_stream {
public:
    /// Not one frame that the filter refuses is delivered, also not one that came while it was being attached. The
    /// failure names the interfaces there are, the column where the filter went wrong, or the capability that is
    /// missing and the commands that grant it.
    [[nodiscard]] static result<packet_stream> open(const boost::asio::any_io_executor& executor,
                                                    packet_stream_options options) {
        auto source = async::packet_source::open(executor, std::move(options));
        if (!source) return source.error();
        return packet_stream(*std::move(source));
    }
    packet_stream(packet_stream&&) noexcept = default;
    packet_stream& operator=(packet_stream&& other) noexcept {
        if (this != &other) {
            if (source_) source_->close();
            source_ = std::move(other.source_);
        }
        return *this;
    }
    ~packet_stream() {
        if (source_) source_->close();
    }

    /// The next frame, through any completion token for `void(boost::system::error_code, captured_frame)`; never inside
    /// this call. Supports per-operation cancellation (any type). The errors:
    /// - `operation_aborted`: cancelled, or the stream was closed or destroyed;
    /// - `network_down`: the interface went down. Receive again: frames come when it is up again;
    /// - `no_such_device` (ENODEV): the interface was deleted. Every receive says so until `reopen`;
    /// - `already_started`: another receive is waiting. Only one can, because a frame is borrowed.
    /// `trouble` has the words. Frames that lie in the ring come before the error.
    template <boost::asio::completion_token_for<void(boost::system::error_code, captured_frame)> Token>
    auto async_receive(Token&& token) {
        return boost::asio::async_compose<Token, void(boost::system::error_code, captured_frame)>(
            async::receive_operation(source_), token, source_->executor());
    }

    /// The next frame if one is there already: after `async_receive` the rest of what the kernel handed over, without a
    /// system call or a turn of the executor for each. Nothing while a receive waits.
    [[nodiscard]] std::optional<captured_frame> try_receive() {
        if (source_->receiving() || source_->look() != async::packet_source::readiness::frame) return std::nullopt;
        std::optional<captured_frame> frame(std::in_place);
        if (source_->take(*frame)) frame.reset();
        return frame;
    }

    /// After `no_such_device`: binds to the interface of that name again. Fails as long as there is none, or it is
    /// down. Does nothing on a stream that needs it not. Needs no privilege.
    [[nodiscard]] result<void> reopen() { return source_->reopen(); }

    /// Why the last receive failed, in words: `interface 'veth0' was deleted`.
    [[nodiscard]] std::optional<failure> trouble() const { return source_->trouble(); }

    [[nodiscard]] packet_stream_statistics statistics() noexcept { return source_->statistics(); }
    [[nodiscard]] link_type link() const noexcept { return source_->link(); }
    [[nodiscard]] bool is_open() const noexcept { return source_->is_open(); }

    /// Completes a receive that waits with `operation_aborted`. What is borrowed is gone.
    void close() noexcept { source_->close(); }

private:
    explicit packet_stream(std::shared_ptr<async::packet_source> source) noexcept : source_(std::move(source)) {}

    std::shared_ptr<async::packet_source> source_;
};

}  // namespace sonde
