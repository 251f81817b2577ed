// What an ordinary user may, in a namespace where the tests are root.
#pragma once

#include <functional>
#include <sys/capability.h>
#include <thread>

#include <gtest/gtest.h>

namespace sonde::async {

/// This thread without its effective and permitted capabilities. What is opened meanwhile is an ordinary user's.
class ordinary_user {
public:
    ordinary_user() : before_(::cap_get_proc()) {
        const cap_t none = ::cap_init();
        dropped_ = ::cap_set_proc(none) == 0;
        ::cap_free(none);
    }
    ~ordinary_user() { ::cap_free(before_); }
    ordinary_user(const ordinary_user&) = delete;
    ordinary_user& operator=(const ordinary_user&) = delete;
    [[nodiscard]] bool dropped() const { return dropped_; }

private:
    cap_t before_;
    bool dropped_ = false;
};

/// Runs in a thread of its own, whose capabilities go with it.
inline void as_ordinary_user(const std::function<void()>& body) {
    std::thread([&body] {
        const ordinary_user here;
        ASSERT_TRUE(here.dropped());
        body();
    }).join();
}

}  // namespace sonde::async
