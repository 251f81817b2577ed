// Whose an address is and where, from MaxMind databases on this machine: nobody is asked over the network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde::cli {

/// Empty where no database says anything. The texts are the database's: escape them.
struct address_origin {
    std::uint32_t autonomous_system = 0;
    std::string organization = {};
    std::string country = {};  ///< ISO 3166-1 alpha-2
};

/// One or several databases: the first that knows a thing says it. Not thread-safe.
class address_atlas {
public:
    address_atlas();
    address_atlas(address_atlas&&) noexcept;
    address_atlas& operator=(address_atlas&&) noexcept;
    ~address_atlas();

    /// The failure names the file and says what is wrong with it: it cannot be read, is no such database, or holds
    /// neither autonomous systems nor countries.
    [[nodiscard]] result<void> open(const std::string& path);

    /// The database of autonomous systems that the machine keeps at one of the usual places (geoipupdate's, Debian's).
    [[nodiscard]] result<void> open_usual();

    [[nodiscard]] bool empty() const noexcept { return books_.empty(); }
    /// Some database is of autonomous systems; of countries.
    [[nodiscard]] bool knows_systems() const noexcept { return systems_; }
    [[nodiscard]] bool knows_countries() const noexcept { return countries_; }

    [[nodiscard]] address_origin find(const ip_address& address) const;

private:
    struct book;
    std::vector<std::unique_ptr<book>> books_;
    bool systems_ = false;
    bool countries_ = false;
};

}  // namespace sonde::cli
