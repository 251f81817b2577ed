// Path MTU discovery as a choice of the sender.
#pragma once

#include <cstdint>

namespace sonde {

/// How a datagram larger than the path's MTU is treated: iputils' `-M`, Linux's IP_MTU_DISCOVER (ip(7)).
enum class path_mtu : std::uint8_t {
    system,   ///< as the system is set
    dont,     ///< DF is never set
    want,     ///< DF is set, what is too large is fragmented here
    require,  ///< DF is set, what is too large fails (`-M do`)
    probe,    ///< DF is set, the known path MTU is ignored
};

}  // namespace sonde
