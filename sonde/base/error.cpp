#include <sonde/base/error.hpp>

namespace sonde {

failure system_failure(std::string what, int error_number, std::string remedy) {
    const std::error_code code{error_number, std::generic_category()};
    what += ": ";
    what += code.message();
    return {std::move(what), std::move(remedy), code};
}

void throw_exception_from_error(const failure& f, const boost::source_location&) {
    throw failure_error(f);
}

}  // namespace sonde
