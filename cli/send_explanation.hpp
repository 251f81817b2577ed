// `sonde send --explain`: a packet's headers as the RFCs draw them, who wrote each field, the bytes as written beside
// the bytes as they left, and what another system would have to be given.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cli/send_preparation.hpp>

#include <sonde/socket/dialect.hpp>

namespace sonde::cli {

struct explanation_options {
    std::optional<socket::dialect> dialect = {};
    bool colour = false;
    /// Why `left` is not known; empty when it is.
    std::string not_caught = {};
    bool dry_run = false;
};

/// Appends lines. `left` is empty when what left was not caught.
void append_explanation(std::string& out, const prepared_packet& packet, bytes_view left,
                        const explanation_options& options);

}  // namespace sonde::cli
