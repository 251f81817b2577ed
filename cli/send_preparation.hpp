// From what the user gave to what is handed to the kernel: which door, which addresses, which bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cli/send_settings.hpp>

#include <sonde/base/error.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/craft/answers.hpp>
#include <sonde/craft/builder.hpp>
#include <sonde/socket/raw_socket.hpp>

namespace sonde::cli {

/// One packet, ready to be sent. A value type.
struct prepared_packet {
    door through = door::network;
    std::uint32_t interface = 0;         ///< index; 0 for the kernel's choice. The link door always has one.
    link_type link = link_type::raw_ip;  ///< what `shape` begins with
    /// The packet with all its headers, also those that the kernel writes; and who writes which field.
    craft::packet shape;
    /// As it leaves, as far as that is known before: nothing left to the kernel.
    std::vector<std::byte> complete;
    std::vector<std::byte> written;  ///< handed to the kernel
    std::size_t written_at = 0;      ///< where that begins in `complete`

    ip_address destination;                    ///< network and transport door
    std::uint8_t protocol = 255;               ///< transport door
    socket::raw_socket::header_wishes wishes;  ///< transport door
    bool any_source = false;                   ///< to a broadcast address: answers come from others
    std::optional<craft::question> asked;
};

/// How much of a packet is to be known.
struct preparation_needs {
    bool shape = true;  ///< for --explain and --json
    bool asked = true;  ///< for --wait
};

/// Looks at routes, interfaces and the neighbour table. Sends nothing, but for the question who has an address that the
/// neighbour table does not know, where the link door needs it: that may take a second.
class packet_preparer {
public:
    explicit packet_preparer(const send_settings& settings, preparation_needs needs)
        : settings_(settings), needs_(needs) {}

    /// The failure shows the place in the description.
    [[nodiscard]] result<prepared_packet> from_words(std::string_view words);

    /// Nothing when such a packet cannot go through the door that is wanted (no IP in it).
    [[nodiscard]] result<std::optional<prepared_packet>> from_bytes(link_type link, bytes_view bytes);

    /// What the user should know, each a line: fields that the kernel overwrites, addresses that are not known.
    [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

private:
    [[nodiscard]] result<door> choose_door(const craft::description& words) const;
    [[nodiscard]] result<void> add_outer_layers(craft::description& words, prepared_packet& p);
    [[nodiscard]] result<void> check_destination(const std::optional<ip_address>& named) const;
    [[nodiscard]] result<craft::surroundings> look_around(const craft::description& words, prepared_packet& p);
    [[nodiscard]] result<socket::network_interface> link_interface(const ip_address& source,
                                                                   const ip_address& destination);
    [[nodiscard]] result<ip_address> source_towards(const ip_address& destination);
    [[nodiscard]] result<void> find_next_hop(const craft::description& words, const ip_address& destination,
                                             const socket::network_interface& interface, craft::surroundings& around);
    [[nodiscard]] result<void> take_wishes(const craft::description& words, prepared_packet& p);
    [[nodiscard]] result<void> finish(prepared_packet& p);
    void note_overwritten(const craft::description& words);

    const send_settings& settings_;
    preparation_needs needs_;
    std::vector<std::string> notes_;
};

}  // namespace sonde::cli
