#include <cerrno>
#include <memory>
#include <nftables/libnftables.h>

#include <cli/nft_session.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/privilege.hpp>

namespace sonde::cli {

namespace {

struct context_release {
    void operator()(nft_ctx* context) const noexcept { ::nft_ctx_free(context); }
};
using nft_context = std::unique_ptr<nft_ctx, context_release>;

bool has(std::string_view text, std::string_view words) noexcept {
    return text.find(words) != std::string_view::npos;
}

failure refused(std::string_view said) {
    const std::string_view first = said.substr(0, said.find('\n'));
    const std::string line = report::escape_text(first.empty() ? "no reason given" : first);
    if (has(said, "Operation not permitted")) {
        return {fmt::format("nftables: {}; {}", line, socket::capability_refusal(socket::capability::net_admin)),
                fmt::format("As root, or with the capability:\n    {}setcap cap_net_raw,cap_net_admin+ep {}",
                            socket::sudo_prefix(), socket::shell_word(socket::binary_path())),
                std::error_code(EPERM, std::generic_category())};
    }
    if (has(said, "Operation not supported") || has(said, "Protocol not supported") || has(said, "cache init")) {
        return {fmt::format("this kernel has no nftables, or not the part that is needed: {}", line),
                fmt::format("To load it:\n    {}modprobe -a nf_tables nft_chain_nat nft_masq\n"
                            "or without --masquerade",
                            socket::sudo_prefix()),
                std::error_code(EOPNOTSUPP, std::generic_category())};
    }
    return {fmt::format("nftables: {}", line), {}, std::error_code(EINVAL, std::generic_category())};
}

}  // namespace

result<std::string> run_nft(const std::string& commands) {
    const socket::scoped_capability guard(socket::capability::net_admin);
    // libnftables writes its own complaint to stderr.
    const auto capabilities = socket::process_capabilities();
    if (capabilities && !capabilities->is_effective(socket::capability::net_admin)) {
        return refused("Operation not permitted");
    }
    const nft_context context(::nft_ctx_new(NFT_CTX_DEFAULT));
    if (!context || ::nft_ctx_buffer_output(context.get()) != 0 || ::nft_ctx_buffer_error(context.get()) != 0) {
        return failure{"cannot start nftables", {}, std::error_code(ENOMEM, std::generic_category())};
    }
    if (::nft_run_cmd_from_buffer(context.get(), commands.c_str()) != 0) {
        const char* said = ::nft_ctx_get_error_buffer(context.get());
        return refused(said != nullptr ? said : "");
    }
    const char* said = ::nft_ctx_get_output_buffer(context.get());
    return result<std::string>(boost::system::in_place_value, said != nullptr ? said : "");
}

result<bool> has_nft_table(std::string_view table) {
    const auto all = run_nft("list tables");
    if (!all) return all.error();
    return has("\n" + *all, fmt::format("\ntable {}\n", table));
}

}  // namespace sonde::cli
