// An entry of an error queue, as the tracing machine takes it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sonde/async/wall_clock_bridge.hpp>
#include <sonde/base/bytes.hpp>
#include <sonde/probe/tracer.hpp>
#include <sonde/socket/error_queue.hpp>

namespace sonde::async {

/// Borrows from the entry.
struct queued_trace_error {
    probe::trace_error_meta meta;
    bytes_view quoted;
};

/// `headers`: bytes of the probe in front of what the kernel hands over as its quotation. Where the error has no length
/// field, an extension structure is looked for at byte 128 of its body (RFC 4884 section 5.5), and taken for one if its
/// version and its checksum are right.
[[nodiscard]] queued_trace_error read_queued_trace_error(const socket::queued_error& entry, std::uint32_t lane,
                                                         family f, std::size_t headers, const wall_clock_bridge& clock);

}  // namespace sonde::async
