#include <condition_variable>
#include <deque>
#include <mutex>
#include <netdb.h>
#include <thread>
#include <utility>

#include <cli/name_service.hpp>

#include <sonde/report/escape.hpp>
#include <sonde/socket/socket_address.hpp>

namespace sonde::cli {

namespace {

constexpr std::size_t most_threads = 16;

result<ip_address> look_up(const std::string& name, std::optional<family> only) {
    addrinfo hints{};
    hints.ai_family = !only ? AF_UNSPEC : *only == family::v4 ? AF_INET : AF_INET6;
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_IDN;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(name.c_str(), nullptr, &hints, &found);
    if (error != 0) return failure{report::escape_text(name) + ": " + gai_strerror(error), {}, {}};
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    return socket::address_of(found->ai_addr, found->ai_addrlen);
}

std::string look_up_name(const ip_address& address) {
    const socket::socket_address sought(address);
    std::string name(NI_MAXHOST, '\0');
    const int error = getnameinfo(sought.data(), sought.size, name.data(), static_cast<socklen_t>(name.size()), nullptr,
                                  0, NI_NAMEREQD);
    if (error != 0) return {};
    name.resize(name.find('\0'));
    return name;
}

}  // namespace

struct name_service::state {
    std::mutex mutex;
    std::condition_variable more;
    std::deque<std::function<std::function<void()>()>> lookups;
    std::size_t threads = 0;
    std::size_t resting = 0;
    poster post;
    bool stopped = false;

    void work() {
        std::unique_lock held(mutex);
        for (;;) {
            ++resting;
            more.wait(held, [this] { return stopped || !lookups.empty(); });
            --resting;
            if (stopped) return;
            const auto lookup = std::move(lookups.front());
            lookups.pop_front();
            held.unlock();
            auto answer = lookup();
            held.lock();
            if (!stopped) post(std::move(answer));
        }
    }
};

name_service::name_service(poster post) : state_(std::make_shared<state>()) {
    state_->post = std::move(post);
}

name_service::~name_service() {
    const std::lock_guard held(state_->mutex);
    state_->stopped = true;
    state_->post = nullptr;
    state_->more.notify_all();
}

void name_service::enqueue(std::function<std::function<void()>()> lookup) {
    const std::lock_guard held(state_->mutex);
    state_->lookups.push_back(std::move(lookup));
    if (state_->resting < state_->lookups.size() && state_->threads < most_threads) {
        ++state_->threads;
        std::thread([s = state_] { s->work(); }).detach();
    }
    state_->more.notify_one();
}

void name_service::resolve(std::string name, std::optional<family> only, std::function<void(result<ip_address>)> done) {
    enqueue([name = std::move(name), only, done = std::move(done)]() -> std::function<void()> {
        return [answer = look_up(name, only), done] { done(answer); };
    });
}

void name_service::reverse(const ip_address& address, std::function<void(std::string)> done) {
    enqueue([address, done = std::move(done)]() -> std::function<void()> {
        return [answer = look_up_name(address), done] { done(answer); };
    });
}

}  // namespace sonde::cli
