#include <utility>

#include <boost/asio/post.hpp>
#include <cli/file_text.hpp>
#include <cli/output.hpp>
#include <cli/vantage.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/sim/scenario_file.hpp>
#include <sonde/socket/route.hpp>

namespace sonde::cli {

namespace asio = boost::asio;

result<sim::scenario> read_lab(const std::string& path, std::string_view command) {
    const auto text = file_text(path, "the scenario in");
    if (!text) return text.error();
    auto read = sim::read_scenario(*text, path == "-" ? "standard input" : path);
    if (!read) return read.error();
    for (const std::string& warning : read->warnings) print_error(command, "warning: " + report::escape_text(warning));
    return std::move(read->scenario);
}

vantage::vantage(asio::io_context& io, const std::optional<sim::scenario>& scenario)
    : io_(io), names_([&io](std::function<void()> call) { asio::post(io, std::move(call)); }) {
    if (scenario) lab_ = lab::open(io.get_executor(), *scenario).value();
    time_ = lab_ ? lab_->time() : async::machine_time();
}

listener vantage::make_listener(listener_options options) {
    return lab_ ? lab_->listener(std::move(options)) : listener(io_.get_executor(), std::move(options));
}

tracer vantage::make_tracer(const tracer_options& options) {
    return lab_ ? lab_->tracer(options) : tracer(io_.get_executor(), options);
}

result<ip_address> vantage::source_for(const ip_address& destination, std::uint32_t interface,
                                       const ip_address& wanted) const {
    if (!lab_) return socket::local_address_for(destination, interface, wanted);
    const auto own = lab_->address(destination.family());
    if (!own) return own;
    const std::string asks = lab_->name_of(*own);
    if (lab_->name_of(destination) == asks)
        return failure{fmt::format("'{}' itself asks here: ask another node", asks)};
    if (wanted.is_unspecified()) return own;
    if (lab_->name_of(wanted) == asks) return wanted;
    return failure{fmt::format("{} is no address of '{}', which asks here", wanted.to_string(), asks)};
}

void vantage::resolve(const std::string& name, std::optional<family> only,
                      std::function<void(result<ip_address>)> done) {
    if (!lab_) return names_.resolve(name, only, std::move(done));
    result<ip_address> found =
        failure{.what = fmt::format("{}: the lab has no node of that name{}", report::escape_text(name),
                                    only ? " with an address of that family" : "")};
    if (const auto address = lab_->find(name, only)) found = *address;
    asio::post(io_, [done = std::move(done), found = std::move(found)] { done(found); });
}

void vantage::reverse(const ip_address& address, std::function<void(std::string)> done) {
    if (!lab_) return names_.reverse(address, std::move(done));
    asio::post(io_, [done = std::move(done), name = lab_->name_of(address)] { done(name); });
}

}  // namespace sonde::cli
