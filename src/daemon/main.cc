// reviverd: runs one site in the foreground until it is told to stop.

#include "base/error.h"
#include "base/log.h"
#include "daemon/instance_lock.h"
#include "daemon/options.h"
#include "daemon/preflight.h"
#include "daemon/service_manager.h"
#include "daemon/signals.h"
#include "daemon/site.h"
#include "site/config.h"

#include <cstdio>

namespace {

using namespace reviver;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

// Bandwidth and retention are taken over; what else has changed in the file waits for a restart.
void take_policy(const std::filesystem::path& file, daemon::Site& site) {
    try {
        site.set_policy(site::load_config(file).policy);
        log_info("[replication] and [retention] are those of {} now", file.string());
    } catch (const Error& error) {
        log_error("{}; what was read before holds on", error.what());
    }
}

void run(const site::Config& config, const std::filesystem::path& file) {
    daemon::Signals signals;
    daemon::InstanceLock lock(config.data_dir);
    daemon::warn_of_open_secrets(config);
    daemon::Site site(config);
    log_info("site {} is up: management at {}, peers at {}", config.name,
             config.management.listen.text(), config.peer.listen.text());
    daemon::tell_service_manager("READY=1");
    while (signals.next() == daemon::Steer::reload) {
        site.look_at_accounts();
        take_policy(file, site);
    }
    daemon::tell_service_manager("STOPPING=1");
    log_info("site {} goes down; virtual machines run on", config.name);
}

int start(const daemon::Options& options) {
    try {
        site::Config config = site::load_config(options.config);
        set_up_log(options.log_level.value_or(config.log_level), daemon::logs_to_journal());
        daemon::check_what_it_names(config);
        if (!options.check_only) run(config, options.config);
        return 0;
    } catch (const Error& error) {
        std::fprintf(stderr, "reviverd: %s\n", error.what());
        return exit_failed;
    }
}

}  // namespace

int main(int argc, char** argv) {
    daemon::Options options;
    try {
        options = daemon::parse_options({argv + 1, argv + argc});
    } catch (const Error& error) {
        std::fprintf(stderr, "reviverd: %s\n\n%s", error.what(), daemon::usage_text);
        return exit_usage;
    }
    if (options.help) std::fputs(daemon::usage_text, stdout);
    if (options.version) std::puts("reviverd " REVIVER_VERSION);
    return options.help || options.version ? 0 : start(options);
}
