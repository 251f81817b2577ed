#include <sonde/probe/trace_options.hpp>

namespace sonde::probe {

std::string_view to_string(trace_method m) noexcept {
    switch (m) {
        case trace_method::udp:
            return "udp";
        case trace_method::icmp:
            return "icmp";
        case trace_method::tcp:
            return "tcp";
    }
    return "udp";
}

}  // namespace sonde::probe
