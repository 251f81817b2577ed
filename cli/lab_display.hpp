// What `sonde lab` shows of a run: the ready line, the page, the summary; text or JSON on stdout.
#pragma once

#include <string>
#include <vector>

#include <cli/lab_plan.hpp>
#include <cli/lab_settings.hpp>
#include <cli/live_page.hpp>

#include <sonde/report/lab_page.hpp>

namespace sonde::cli {

/// One thread at a time.
class lab_display {
public:
    explicit lab_display(const lab_settings& settings);

    void ready(const sim::scenario& s, const lab_plan& plan, const std::string& device);
    /// The live page, several times a second where `is_live`.
    void draw(const report::lab_view& view);
    /// For SIGQUIT.
    void status(const report::lab_view& view);
    void finish(const report::lab_view& view);

    [[nodiscard]] bool is_live() const noexcept { return live_; }
    /// Nobody reads any more.
    [[nodiscard]] bool closed() const noexcept { return closed_; }

private:
    void write(const std::string& text);

    const lab_settings& settings_;
    live_page page_;
    bool live_;
    bool closed_ = false;
};

/// What `--check` prints: nodes, links, addresses, and the device that would fit.
[[nodiscard]] std::string lab_overview(const lab_settings& settings, const sim::scenario& s, const lab_plan& plan);

}  // namespace sonde::cli
