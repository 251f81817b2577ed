// Text that people and target lists give: addresses, prefixes, durations.
#include <string>
#include <string_view>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/prefix.hpp>
#include <sonde/base/time.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using fuzz::require;

void check_address(std::string_view text) {
    const auto address = ip_address::parse(text);
    if (!address) {
        require(!address.error().what.empty(), "an error says something");
        return;
    }
    require(ip_address::parse(address->to_string()).value() == *address, "parse(to_string(a)) == a");
    require(ip_address::from_bytes(address->bytes(), address->scope_id()) == *address, "from_bytes(bytes(a)) == a");
    require(address->bytes().size() == address_size(address->family()), "as many bytes as the family has");
    require(!(address->is_multicast() && address->is_loopback()), "no address is of two kinds");
}

void check_prefix(std::string_view text) {
    const auto net = prefix::parse(text);
    if (!net) return;
    require(net->length() <= 8 * net->network().bytes().size(), "no longer than the address");
    require(net->contains(net->network()), "the network is inside");
    require(net->host_count() > 0, "there is a host");
    const ip_address first = net->host(0);
    const ip_address last = net->host(net->host_count() - 1);
    // The last host of ::/80 is IPv4-mapped: an IPv4 address, so not of the prefix's family.
    const bool mapped = last.family() != net->network().family();
    require(net->contains(first) && (mapped || net->contains(last)), "first and last host are inside");
    require(net->host_count() == 1 ? first == last : first < last, "hosts are in order");
}

void check_duration(std::string_view text) {
    for (const duration unit : {duration{std::chrono::seconds{1}}, duration{std::chrono::milliseconds{1}}}) {
        const auto length = parse_duration(text, unit);
        if (length) require(*length >= duration::zero() && *length <= longest_duration, "a duration is within bounds");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    check_address(text);
    check_prefix(text);
    check_duration(text);
    return 0;
}
