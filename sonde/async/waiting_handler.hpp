// A completion handler that waits for its results.
#pragma once

#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace sonde::async {

/// Keeps a handler, and its executor's work, until the outcome is there; then posts it.
template <class Handler>
class waiting_handler {
public:
    using executor_type = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;

    waiting_handler(Handler handler, const boost::asio::any_io_executor& fallback)
        : handler_(std::move(handler)),
          fallback_(fallback),
          work_(boost::asio::get_associated_executor(handler_, fallback)) {}

    template <class... Results>
    void complete(Results... results) {
        const auto executor = work_.get_executor();
        const auto allocator = boost::asio::get_associated_allocator(handler_);
        auto call = [handler = std::move(handler_), ... results = std::move(results)]() mutable {
            boost::asio::get_associated_cancellation_slot(handler).clear();
            std::move(handler)(std::move(results)...);
        };
        boost::asio::post(
            fallback_, boost::asio::bind_executor(executor, boost::asio::bind_allocator(allocator, std::move(call))));
        work_.reset();
    }

private:
    Handler handler_;
    boost::asio::any_io_executor fallback_;
    boost::asio::executor_work_guard<executor_type> work_;
};

}  // namespace sonde::async
