#include <algorithm>

#include <sonde/respond/address_book.hpp>

namespace sonde::respond {

namespace {

std::uint64_t leading_ones(unsigned count) noexcept {
    if (count == 0) return 0;
    return ~std::uint64_t{} << (64 - std::min(count, 64U));
}

std::vector<address_key> keys(const std::vector<ip_address>& addresses) {
    std::vector<address_key> all;
    for (const auto& a : addresses) {
        if (!a.is_unspecified()) all.push_back(address_key::of(a));
    }
    return all;
}

}  // namespace

void address_book::set_own(const std::vector<ip_address>& own, bool answer_own) {
    own_ = keys(own);
    answer_own_ = answer_own;
}

void address_book::set_broadcasts(const std::vector<ip_address>& broadcasts) {
    broadcasts_ = keys(broadcasts);
}

void address_book::set_prefixes(const std::vector<prefix>& prefixes) {
    ranges_.clear();
    for (const auto& p : prefixes) {
        const bool v4 = p.network().is_v4();
        const unsigned length = p.length() + (v4 ? 96U : 0U);
        ranges_.push_back({.network = address_key::of(p.network()),
                           .mask = {leading_ones(length), leading_ones(length > 64 ? length - 64 : 0)},
                           .ends_are_broadcast = v4 && p.length() < 31,
                           .lone = length == 128,
                           .v4 = v4});
    }
}

bool address_book::is_own(const address_key& address) const noexcept {
    return std::ranges::find(own_, address) != own_.end();
}

bool address_book::answers(const address_key& address) const noexcept {
    if (answer_own_ && is_own(address)) return true;
    return std::ranges::any_of(ranges_, [&](const range& r) { return r.holds(address) && !r.ends_with(address); });
}

bool address_book::is_broadcast(const address_key& address) const noexcept {
    if (std::ranges::find(broadcasts_, address) != broadcasts_.end()) return true;
    return std::ranges::any_of(ranges_, [&](const range& r) { return r.ends_with(address); }) && !answers(address);
}

bool address_book::is_lone(const address_key& address) const noexcept {
    return std::ranges::any_of(ranges_, [&](const range& r) { return r.lone && r.holds(address); });
}

}  // namespace sonde::respond
