// What a run has found out about addresses: names, looked up while probes go on, and origins from databases.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>

#include <cli/address_atlas.hpp>

#include <sonde/report/address_note.hpp>

namespace sonde::cli {

/// Single-threaded. Bounded: beyond `most_names` addresses no more names are looked up.
class address_notebook {
public:
    static constexpr std::size_t most_names = 65'536;

    /// Calls back with the name, or an empty text; not inside the call. Nothing: no names are wanted.
    using name_lookup = std::function<void(const ip_address&, std::function<void(std::string)>)>;

    /// `on_name` is called after each name that came, or did not. The atlas outlives the notebook.
    address_notebook(name_lookup look_up, const address_atlas& atlas, std::function<void()> on_name);

    /// Looks up what is not known. Not for `::`.
    void want(const ip_address& address);
    /// Nothing more will be known of it.
    [[nodiscard]] bool settled(const ip_address& address) const;
    [[nodiscard]] const report::address_note* find(const ip_address& address) const;
    /// The same for renderers. Lives no longer than the notebook.
    [[nodiscard]] const report::address_notes& notes() const noexcept { return notes_; }

private:
    struct page {
        report::address_note note;
        bool awaited = false;  ///< its name
    };
    name_lookup look_up_;
    const address_atlas& atlas_;
    std::function<void()> on_name_;
    std::unordered_map<ip_address, page> pages_;
    report::address_notes notes_;
};

}  // namespace sonde::cli
