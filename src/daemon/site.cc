#include "daemon/site.h"

#include "base/log.h"
#include "capture/limits.h"
#include "daemon/management_door.h"
#include "daemon/peer_door.h"
#include "daemon/site_id.h"
#include "hypervisor/hypervisor.h"
#include "hypervisor/limits.h"
#include "provider/change_feed.h"
#include "qemu/offline_export.h"
#include "recovery/lock_watch.h"
#include "replication/engine.h"
#include "replication/live_machines.h"
#include "sharing/with_shared_disks.h"
#include "site/limits.h"
#include "state/repository.h"
#include "store/store.h"
#include "sys/world.h"

namespace reviver::daemon {
namespace {

// What a configuration may say is what the parts can do.
static_assert(site::limits::libvirt_root_bytes_max == hypervisor::root_length_max);
static_assert(
    site::limits::data_directory_bytes_max +
        std::string_view("/capture/01234567/01234567-0123-0123-0123-0123456789ab.nbd").size() ==
    capture::socket_path_max);

std::string certificate_of(sys::World& world, const site::Config& config) {
    constexpr std::uint64_t pem_bytes_max = 1u << 20;
    return std::string(
        text_of(sys::read_file(world.files, config.peer.certificate, pem_bytes_max)));
}

store::Options store_options(const site::Config& config) {
    store::Options options;
    options.reserve_share = config.store_reserve_share;
    options.upkeep_bytes_per_second_max = config.upkeep_bytes_per_second_max;
    return options;
}

// Tells the events of this run from those of the one before.
std::string run_name(sys::World& world) {
    return fmt::format("{:x}", world.clock.wall().time_since_epoch().count());
}

}  // namespace

// Members are made from top to bottom and go from bottom to top: each stands on those above it.
class Site::Parts {
  public:
    explicit Parts(const site::Config& config);

    std::uint16_t peer_port() const { return peer_door_->port(); }
    std::uint16_t management_port() const { return management_door_.https->port(); }
    void look_at_accounts() { log_info("{} accounts", management_door_.accounts->all().size()); }
    void set_policy(const SitePolicy& policy) { policy_->set(policy); }

  private:
    replication::Context context(const site::Config& config);

    sys::World& world_ = sys::linux_world();
    const SiteId id_;
    std::unique_ptr<state::Repository> repository_;
    qemu::OfflineImageOpener image_opener_;
    store::Store store_;
    std::unique_ptr<hypervisor::Hypervisor> libvirt_;
    sharing::SharedDisks shared_disks_;
    sharing::WithSharedDisks hypervisor_;
    replication::LiveMachines machines_;
    const std::shared_ptr<replication::Policy> policy_;
    PeerNetwork network_;
    provider::ChangeNotes changes_;
    cim::EventBus events_;
    replication::Jobs jobs_;
    replication::Peers peers_;
    PairedSites paired_sites_;
    replication::Engine engine_;
    recovery::LockWatch lock_watch_;
    provider::ChangeFeed change_feed_;
    std::unique_ptr<wire::PeerServer> peer_door_;
    ManagementDoor management_door_;
};

Site::Parts::Parts(const site::Config& config)
    : id_(load_or_make_site_id(world_, config.data_dir)),
      repository_(state::open_sqlite(world_, config.data_dir / "state.db")),
      store_(world_, config.data_dir, image_opener_, store_options(config)),
      libvirt_(hypervisor::connect(config.libvirt_uri)),
      shared_disks_(*libvirt_, world_.files, world_.random, config.data_dir),
      hypervisor_(*libvirt_, shared_disks_),
      machines_(hypervisor_, world_, config.data_dir, shared_disks_),
      policy_(std::make_shared<replication::Policy>(world_.clock, config.policy)),
      network_(world_, config, id_, policy_->site_limit()),
      events_(run_name(world_)),
      jobs_(world_, *repository_, changes_),
      peers_(*repository_),
      paired_sites_(peers_),
      engine_(context(config)),
      lock_watch_(hypervisor_, world_.files, config.data_dir,
                  [this](VmId vm, const std::string& text) { engine_.note(vm, text); }),
      change_feed_(changes_, engine_, events_),
      peer_door_(network_.open(config.peer.listen, paired_sites_, engine_.peer_handler())),
      management_door_(open_management_door(config, engine_, hypervisor_, shared_disks_, events_)) {
}

replication::Context Site::Parts::context(const site::Config& config) {
    auto dial = [this](const sys::Endpoint& to, const wire::Fingerprint& expected,
                       sys::MonoTime deadline, std::shared_ptr<wire::BandwidthLimit> own) {
        return network_.dial(to, expected, deadline, std::move(own));
    };
    auto fetch_fingerprint = [this](const sys::Endpoint& of) {
        return network_.fetch_fingerprint(of);
    };
    replication::SiteIdentity identity{config.name,
                                       id_.text(),
                                       network_.own_fingerprint(),
                                       config.peer.advertise,
                                       certificate_of(world_, config),
                                       config.data_dir / "store"};
    return {world_, identity, *repository_, store_, machines_, dial, fetch_fingerprint,
            jobs_,  peers_,   changes_,     policy_};
}

Site::Site(const site::Config& config) : parts_(std::make_unique<Parts>(config)) {}

Site::~Site() = default;

void Site::set_policy(const SitePolicy& policy) {
    parts_->set_policy(policy);
}

std::uint16_t Site::peer_port() const {
    return parts_->peer_port();
}

void Site::look_at_accounts() {
    parts_->look_at_accounts();
}

std::uint16_t Site::management_port() const {
    return parts_->management_port();
}

}  // namespace reviver::daemon
