// `sniff -v`: all that is in a packet, layer by layer, as an indented tree.
#pragma once

#include <cstddef>
#include <string>

#include <sonde/report/packet_view.hpp>

namespace sonde::report {

struct packet_tree_options {
    std::size_t payload_rows = 16;  ///< rows of 16 bytes that are shown of a payload, at most
};

/// Appends the tree, each line indented by at least four blanks and ended by a newline. What comes from the network is
/// escaped. Pure; any thread.
void append_packet_tree(std::string& out, const packet_view& packet, const packet_tree_options& options = {});

}  // namespace sonde::report
