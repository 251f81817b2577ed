#include <array>
#include <cerrno>
#include <filesystem>
#include <maxminddb.h>
#include <string_view>
#include <utility>

#include <cli/address_atlas.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/socket_address.hpp>

namespace sonde::cli {

namespace {

constexpr std::array usual_places{"/var/lib/GeoIP/GeoLite2-ASN.mmdb", "/usr/share/GeoIP/GeoLite2-ASN.mmdb",
                                  "/usr/local/share/GeoIP/GeoLite2-ASN.mmdb"};

std::string quoted(const std::string& path) {
    return fmt::format("'{}'", report::escape_text(path));
}

bool get(MMDB_entry_s& entry, const char* const* path, std::uint32_t type, MMDB_entry_data_s& data) {
    return MMDB_aget_value(&entry, &data, path) == MMDB_SUCCESS && data.has_data && data.type == type;
}

std::string text(MMDB_entry_s& entry, const char* const* path) {
    MMDB_entry_data_s data{};
    if (!get(entry, path, MMDB_DATA_TYPE_UTF8_STRING, data)) return {};
    return {data.utf8_string, data.data_size};
}

std::uint32_t number(MMDB_entry_s& entry, const char* const* path) {
    MMDB_entry_data_s data{};
    return get(entry, path, MMDB_DATA_TYPE_UINT32, data) ? data.uint32 : 0;
}

constexpr const char* const number_path[] = {"autonomous_system_number", nullptr};
constexpr const char* const organization_path[] = {"autonomous_system_organization", nullptr};
constexpr const char* const country_path[] = {"country", "iso_code", nullptr};
constexpr const char* const registered_path[] = {"registered_country", "iso_code", nullptr};

}  // namespace

struct address_atlas::book {
    MMDB_s database{};
    bool open = false;

    book() = default;
    book(const book&) = delete;
    book& operator=(const book&) = delete;
    ~book() {
        if (open) MMDB_close(&database);
    }
};

address_atlas::address_atlas() = default;
address_atlas::address_atlas(address_atlas&&) noexcept = default;
address_atlas& address_atlas::operator=(address_atlas&&) noexcept = default;
address_atlas::~address_atlas() = default;

result<void> address_atlas::open(const std::string& path) {
    const std::string what = "cannot read the database " + quoted(path);
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (error) return system_failure(what, error.value());
    // A FIFO would block the library for ever.
    if (!std::filesystem::is_regular_file(status)) return failure{what + ": it is no regular file", {}, {}};
    // The library would say that mmap(2) did not like it.
    if (std::filesystem::file_size(path, error) == 0) return failure{what + ": it is empty", {}, {}};

    auto made = std::make_unique<book>();
    errno = 0;
    const int code = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &made->database);
    if (code == MMDB_IO_ERROR || code == MMDB_FILE_OPEN_ERROR) return system_failure(what, errno != 0 ? errno : EIO);
    if (code != MMDB_SUCCESS) {
        return failure{fmt::format("{}: it is no MaxMind database ({})", what, MMDB_strerror(code)), {}, {}};
    }
    made->open = true;
    // `GeoLite2-ASN`, `GeoIP2-ISP`, `GeoLite2-Country`, `GeoIP2-City`, `GeoIP2-Enterprise`, and others' names after
    // them.
    const char* given = made->database.metadata.database_type;
    const std::string_view type = given == nullptr ? std::string_view{} : std::string_view(given);
    const auto says = [type](std::string_view word) { return type.find(word) != std::string_view::npos; };
    const bool systems = says("ASN") || says("ISP") || says("Enterprise");
    const bool countries = says("Country") || says("City") || says("Enterprise");
    if (!systems && !countries) {
        return failure{
            fmt::format("the database {} is of the type '{}': wanted is one of autonomous systems or countries",
                        quoted(path), report::escape_text(type)),
            {},
            {}};
    }
    systems_ = systems_ || systems;
    countries_ = countries_ || countries;
    books_.push_back(std::move(made));
    return {};
}

result<void> address_atlas::open_usual() {
    std::string places;
    for (const char* place : usual_places) {
        std::error_code error;
        if (std::filesystem::exists(place, error)) return open(place);
        places += places.empty() ? "" : ", ";
        places += place;
    }
    return failure{"no database of autonomous systems: give one with --mmdb FILE, or keep one as " + places, {}, {}};
}

address_origin address_atlas::find(const ip_address& address) const {
    address_origin found;
    const socket::socket_address sought(address);
    for (const auto& b : books_) {
        int error = MMDB_SUCCESS;
        // An IPv6 address in a database of IPv4 is an error, which means no more than that it is not there.
        auto hit = MMDB_lookup_sockaddr(&b->database, sought.data(), &error);
        if (error != MMDB_SUCCESS || !hit.found_entry) continue;
        if (found.autonomous_system == 0) {
            found.autonomous_system = number(hit.entry, number_path);
            if (found.autonomous_system != 0) found.organization = text(hit.entry, organization_path);
        }
        if (found.country.empty()) found.country = text(hit.entry, country_path);
        if (found.country.empty()) found.country = text(hit.entry, registered_path);
    }
    return found;
}

}  // namespace sonde::cli
