// A program of somebody else, built against the installed library.
#include <cstdio>

#include <sonde/base/ip_address.hpp>

int main() {
    const auto address = sonde::ip_address::parse("2001:db8:0:0::1");
    if (!address || address->to_string() != "2001:db8::1") return 1;
    std::puts("consumer: OK");
    return 0;
}
