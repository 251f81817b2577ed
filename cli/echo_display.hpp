// What `sonde echo` shows of a run: text or JSON on stdout, trouble and the live line on stderr.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cli/echo_settings.hpp>

#include <sonde/base/mac_address.hpp>
#include <sonde/report/echo_text.hpp>

namespace sonde::cli {

/// One thread at a time.
class echo_display {
public:
    explicit echo_display(const echo_settings& settings);

    void listening(std::string_view interface, const mac_address& mac, const std::vector<std::string>& answers);
    void request(link_type link, bytes_view frame, respond::disposition what);
    /// `code` is for programs; the remedy's lines come below the text.
    void notice(std::string_view code, const std::string& text, const std::string& remedy = {});
    /// The live line, several times a second where `is_live`.
    void live(time_point now, const report::echo_totals& totals);
    /// For SIGQUIT.
    void status(const report::echo_totals& totals);
    void finish(const report::echo_totals& totals);
    /// Writes out what has been gathered.
    void flush();

    [[nodiscard]] bool is_live() const noexcept { return live_; }
    [[nodiscard]] bool wants_requests() const noexcept { return verbose_; }
    /// Nobody reads any more.
    [[nodiscard]] bool closed() const noexcept { return closed_; }

private:
    void clear_live();

    bool json_;
    bool verbose_;
    bool live_;
    bool live_shown_ = false;
    bool closed_ = false;
    std::string out_;
    time_point rate_since_{};
    std::uint64_t rate_from_ = 0;
    double rate_ = 0;
};

}  // namespace sonde::cli
