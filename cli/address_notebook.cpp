#include <utility>

#include <cli/address_notebook.hpp>

namespace sonde::cli {

address_notebook::address_notebook(name_lookup look_up, const address_atlas& atlas, std::function<void()> on_name)
    : look_up_(std::move(look_up)),
      atlas_(atlas),
      on_name_(std::move(on_name)),
      notes_([this](const ip_address& address) { return find(address); }) {}

void address_notebook::want(const ip_address& address) {
    if (address.is_unspecified() || pages_.size() >= most_names) return;
    const auto [at, fresh] = pages_.try_emplace(address);
    if (!fresh) return;
    const auto origin = atlas_.find(address);
    at->second.note.autonomous_system = origin.autonomous_system;
    at->second.note.organization = origin.organization;
    at->second.note.country = origin.country;
    if (!look_up_) return;
    at->second.awaited = true;
    look_up_(address, [this, address](std::string name) {
        page& p = pages_[address];
        p.note.name = std::move(name);
        p.awaited = false;
        on_name_();
    });
}

bool address_notebook::settled(const ip_address& address) const {
    const auto at = pages_.find(address);
    return at == pages_.end() || !at->second.awaited;
}

const report::address_note* address_notebook::find(const ip_address& address) const {
    const auto at = pages_.find(address);
    return at == pages_.end() ? nullptr : &at->second.note;
}

}  // namespace sonde::cli
