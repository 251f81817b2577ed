#include <algorithm>
#include <functional>

#include <sonde/probe/echo_profile.hpp>

namespace sonde::probe {

std::size_t profile_table::hash::operator()(const echo_profile& p) const noexcept {
    std::size_t seed = std::hash<ip_address>{}(p.source);
    const auto mix = [&seed](std::size_t value) { seed = (seed ^ value) * 0x9e3779b97f4a7c15ULL; };
    mix(p.payload_size);
    mix(static_cast<std::size_t>(p.mtu) * 2 + (p.broadcast ? 1 : 0));
    mix(p.hop_limit.value_or(0));
    mix(p.traffic_class ? *p.traffic_class + 1U : 0U);
    mix(p.interface);
    mix(static_cast<std::size_t>(p.linger.count()));
    for (std::size_t i = 0; i < p.pattern.size; ++i) mix(std::to_integer<std::size_t>(p.pattern.bytes[i]));
    return seed;
}

std::optional<std::uint16_t> profile_table::acquire(const echo_profile& profile) {
    if (const auto known = numbers_.find(profile); known != numbers_.end()) {
        if (entries_[known->second].users++ == 0) --idle_;
        return known->second;
    }
    if (idle_ >= idle_limit) drop_idle();
    std::uint16_t number = 0;
    if (!holes_.empty()) {
        number = holes_.back();
        holes_.pop_back();
    } else if (entries_.size() <= 0xffff) {
        number = static_cast<std::uint16_t>(entries_.size());
        entries_.emplace_back();
    } else {
        return std::nullopt;
    }
    entry& e = entries_[number];
    e.profile = profile;
    e.users = 1;
    e.image.resize(profile.payload_size);
    for (std::size_t i = 0; i < e.image.size(); ++i) e.image[i] = profile.pattern.at(i);
    largest_payload_ = std::max(largest_payload_, e.image.size());
    numbers_.emplace(profile, number);
    return number;
}

void profile_table::release(std::uint16_t number) {
    if (--entries_[number].users == 0) ++idle_;
}

void profile_table::drop_idle() {
    for (auto it = numbers_.begin(); it != numbers_.end();) {
        entry& e = entries_[it->second];
        if (e.users != 0) {
            ++it;
            continue;
        }
        e.image = {};
        holes_.push_back(it->second);
        it = numbers_.erase(it);
    }
    idle_ = 0;
}

}  // namespace sonde::probe
