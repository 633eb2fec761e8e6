#include "sim/transfer.h"

#include "base/error.h"
#include "sim/no_images.h"
#include "sim/simulation.h"
#include "wire/client.h"
#include "wire/plain_transport.h"
#include "wire/server.h"

#include <fmt/format.h>

namespace reviver::sim {

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t peer_port = 4;
const sys::Path data_directory = "/data";

wire::Fingerprint fingerprint_of(std::string_view name) {
    return wire::Fingerprint(sha256(bytes_of(name)));
}

CollectionId the_collection() {
    return CollectionId(*Uuid::parse("11111111-2222-4333-8444-555555555555"));
}

class OnePeer : public wire::PeerDirectory {
  public:
    std::optional<wire::Peer> find(const wire::Fingerprint& fingerprint) override {
        if (fingerprint != fingerprint_of("east")) return std::nullopt;
        wire::Peer peer;
        peer.name = "east";
        peer.fingerprint = fingerprint;
        return peer;
    }
};

// Mutant::acknowledge_early: the commit is done a little after it was answered.
class EarlySink : public point::Sink {
  public:
    EarlySink(sys::World& world, std::unique_ptr<point::Sink> inner)
        : world_(world), inner_(std::move(inner)) {}

    point::ReceiveState open(const point::ReceiveHeader& header) override {
        finish();
        return inner_->open(header);
    }
    std::uint64_t begin_cut(const point::CutHeader& cut) override {
        finish();
        return inner_->begin_cut(cut);
    }
    void write(const point::Chunk& chunk) override { inner_->write(chunk); }
    point::CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                 const std::vector<Hash>& groups) override {
        return inner_->compare(disk, first_group, groups);
    }
    void commit(const point::CutTrailer& trailer) override {
        finish();
        late_ = world_.tasks.start("late commit", [this, trailer] { inner_->commit(trailer); });
    }

  private:
    void finish() { late_.reset(); }

    sys::World& world_;
    std::unique_ptr<point::Sink> inner_;
    std::unique_ptr<sys::Task> late_;
};

class Receiver : public wire::PeerHandler {
  public:
    Receiver(sys::World& world, store::Store& store, Mutant mutant)
        : world_(world), store_(store), mutant_(mutant) {}

    std::string call(const wire::Peer&, const std::string&, const std::string&) override {
        const auto newest = store_.newest(the_collection());
        if (!newest) return {};
        return fmt::format("{} {}", newest->sequence.value, newest->cut.text());
    }
    std::unique_ptr<point::Sink> receive(const wire::Peer&, const point::ReceiveHeader&) override {
        auto sink = store_.receive();
        if (mutant_ != Mutant::acknowledge_early) return sink;
        return std::make_unique<EarlySink>(world_, std::move(sink));
    }

  private:
    sys::World& world_;
    store::Store& store_;
    Mutant mutant_;
};

std::optional<PointInfo> parse_newest(const std::string& text) {
    if (text.empty()) return std::nullopt;
    PointInfo info;
    const auto space = text.find(' ');
    info.sequence = {std::stoull(text.substr(0, space))};
    info.cut = CutId::parse(text.substr(space + 1)).value();
    return info;
}

class Transfer {
  public:
    Transfer(std::uint64_t seed, const TransferOptions& options)
        : mutant_(options.mutant),
          simulation_(seed),
          choice_(simulation_.prng().fork()),
          east_(simulation_.add_site("east")),
          west_(simulation_.add_site("west")),
          group_({(640 << 10) + 512, 300 << 10, 64 << 10}, choice_.fork()),
          ledger_(group_),
          primary_(group_, ledger_, the_collection(), options.mutant,
                   [this](std::string text) { simulation_.note(std::move(text)); }) {
        west_.disk().set_name_rules(choice_.one_in(2) ? NameRules::loose : NameRules::journalled);
        west_.disk().set_forgets_syncs(mutant_ == Mutant::skip_sync);
        simulation_.set_loud(options.loud);
        drops_ = choice_.one_in(2);
        if (drops_) ledger_.allow_drops();
        for (int i = 0; i < 40; ++i) group_.write_something();
        NetworkFaults faults;
        faults.delay_max = some_ms(20);
        faults.refuse_one_in = choice_.below(10);
        faults.cut_one_in = choice_.below(6);
        faults.cut_after_bytes_max = 400 << 10;
        simulation_.network().set_faults(faults);
    }

    TransferResult run() {
        simulation_.run([this] { scenario(); });
        return {primary_.points_made(), faults_, simulation_.trace_hash()};
    }

  private:
    void scenario();
    sys::Duration some_ms(std::uint64_t most);
    void guests();
    void wait_for_points(std::uint64_t count);
    void east_main(sys::World& world);
    void attempt(sys::World& world);
    void run_west(sys::World& world);
    void west_main(sys::World& world);
    void upkeep(sys::World& world, store::Store& store);
    void pin_one(store::Store& store);
    void fault();
    void partition();
    void fill_disk();
    void end(Site& site, Death death);
    void await_death(Site& site);
    void restart(Site& site);
    void boot(Site& site);
    void calm_down();

    Mutant mutant_;
    Simulation simulation_;
    Prng choice_;
    Site& east_;
    Site& west_;
    ModelGroup group_;
    Ledger ledger_;
    Primary primary_;
    bool drops_ = false;
    bool done_ = false;  // the guests rest
    bool full_ = false;  // the disk of west has little room
    std::uint64_t faults_ = 0;
};

void Transfer::scenario() {
    auto guests_task = simulation_.world().tasks.start("guests", [this] { guests(); });
    boot(west_);
    boot(east_);
    const std::uint64_t wanted = choice_.between(5, 25);
    while (faults_ < wanted) {
        simulation_.sleep(some_ms(400));
        fault();
        ++faults_;
    }
    calm_down();
    wait_for_points(2);
    done_ = true;
    guests_task->join();
    wait_for_points(1);
    west_.kill(Death::power);
    restart(west_);
    wait_for_points(1);
}

sys::Duration Transfer::some_ms(std::uint64_t most) {
    return std::chrono::milliseconds(choice_.between(1, most));
}

void Transfer::guests() {
    while (!done_) {
        simulation_.sleep(some_ms(60));
        group_.write_something();
    }
}

void Transfer::wait_for_points(std::uint64_t count) {
    const std::uint64_t wanted = primary_.points_made() + count;
    simulation_.until([&] { return primary_.points_made() >= wanted; }, 5min, "another point");
}

void Transfer::east_main(sys::World& world) {
    for (;;) {
        try {
            attempt(world);
        } catch (const Error& e) {
            // No fault here damages what was durable.
            if (e.code() == Code::corrupt && !east_.died()) throw Failure(e.what());
            simulation_.note(fmt::format("attempt: {}", e.what()));
        }
        world.clock.sleep_until(world.clock.after(some_ms(200)));
    }
}

void Transfer::attempt(sys::World& world) {
    wire::PlainTransport transport(world, fingerprint_of("east"));
    wire::PeerLink link(world, transport, {SiteId(world.random.uuid()), "east", "0.1.0"},
                        {"west", peer_port}, fingerprint_of("west"), world.clock.after(5s));
    for (;;) {
        const std::string newest = link.call("newest", {}, world.clock.after(20s));
        const auto sink = link.sink();
        primary_.cycle(world, *sink, parse_newest(newest));
        world.clock.sleep_until(world.clock.after(some_ms(100)));
    }
}

void Transfer::west_main(sys::World& world) {
    NoImages images;
    world.files.make_directories(data_directory);
    world.files.sync_directory(data_directory.parent_path());
    store::Store store(world, data_directory, images,
                       {.reserve_share = 0, .chain_layers_max = store::chain_layers_least});
    ledger_.check(store, the_collection());
    Receiver receiver(world, store, mutant_);
    OnePeer directory;
    wire::PlainTransport transport(world, fingerprint_of("west"));
    wire::PeerServer server(world, transport, {SiteId(world.random.uuid()), "west", "0.1.0"},
                            {"", peer_port}, directory, receiver);
    for (;;) {
        world.clock.sleep_until(world.clock.after(some_ms(500)));
        upkeep(world, store);
    }
}

// A site that cannot start because its disk is full tries again; any other trouble at the start is
// a finding.
void Transfer::run_west(sys::World& world) {
    for (;;) {
        try {
            west_main(world);
        } catch (const Error& e) {
            if (west_.died()) return;
            if (e.code() != Code::no_space) throw Failure(fmt::format("west: {}", e.what()));
        }
        world.clock.sleep_until(world.clock.after(some_ms(500)));
    }
}

void Transfer::upkeep(sys::World& world, store::Store& store) {
    store::RetentionPolicy policy;
    policy.now = world.clock.wall();
    policy.recent = drops_ ? sys::Duration(500ms) : sys::Duration(10'000h);
    policy.recent_max = 10'000;
    policy.recovery_history = 3;
    try {
        pin_one(store);
        while (store.maintain_once(the_collection(), policy).more) {
        }
        ledger_.check(store, the_collection());
    } catch (const Error& e) {
        if (e.code() == Code::corrupt) throw Failure(fmt::format("upkeep: {}", e.what()));
        simulation_.note(fmt::format("upkeep: {}", e.what()));
    }
}

// As a failover does: whatever upkeep has done so far, a chain that is pinned is short.
void Transfer::pin_one(store::Store& store) {
    const auto points = store.points(the_collection());
    for (const PointInfo& point : points) store.unpin(the_collection(), point.sequence, "failover");
    if (points.empty() || !choice_.one_in(4)) return;
    const PointInfo& point = points[choice_.below(points.size())];
    const bool room = !full_;
    store.pin(the_collection(), point.sequence, "failover");
    for (const DiskShape& disk : point.disks) {
        const auto chain = store.chain_files(the_collection(), point.sequence, disk.key);
        if (room && !full_ && chain.size() > 1 + store::chain_layers_least)
            throw Failure(fmt::format("point {} has a chain of {} files", point.sequence.value,
                                      chain.size()));
    }
}

void Transfer::fault() {
    switch (choice_.below(8)) {
        case 0:
            return simulation_.network().cut_all();
        case 1:
            return partition();
        case 2:
            return end(east_, Death::process);
        case 3:
            // Power: the hypervisor goes too, and with it what it knew of dirty blocks.
            group_.lose_dirty();
            return end(east_, Death::power);
        case 4:
            return end(west_, choice_.one_in(3) ? Death::process : Death::power);
        case 5:
            return fill_disk();
        case 6:
            west_.arm_at_file_change(choice_.below(80), Death::power);
            return await_death(west_);
        default:
            east_.arm_at_step(choice_.below(400), Death::process);
            return await_death(east_);
    }
}

void Transfer::partition() {
    simulation_.network().partition("east", "west");
    simulation_.sleep(choice_.one_in(4) ? sys::Duration(40s) : some_ms(3000));
    simulation_.network().heal();
}

void Transfer::fill_disk() {
    const sys::Space space = west_.disk().space();
    const std::uint64_t used = space.total_bytes - space.free_bytes;
    full_ = true;
    west_.disk().set_capacity(used + choice_.below(40) * page_bytes);
    simulation_.sleep(some_ms(2000));
    west_.disk().set_capacity(0);
    full_ = false;
}

void Transfer::end(Site& site, Death death) {
    site.kill(death);
    restart(site);
}

void Transfer::await_death(Site& site) {
    for (int i = 0; i < 100 && !site.died(); ++i) simulation_.sleep(20ms);
    site.disarm();
    if (site.died()) restart(site);
}

void Transfer::restart(Site& site) {
    simulation_.until_down(site);
    simulation_.sleep(some_ms(1000));
    boot(site);
}

void Transfer::boot(Site& site) {
    if (&site == &east_) {
        primary_.process_died();
        east_.boot([this](sys::World& world) { east_main(world); });
    } else {
        west_.boot([this](sys::World& world) { run_west(world); });
    }
}

void Transfer::calm_down() {
    simulation_.network().set_faults({});
    simulation_.note("calm");
}

}  // namespace

std::string TransferResult::text() const {
    return fmt::format("{} points, {} faults", points, faults);
}

TransferResult run_transfer(std::uint64_t seed, const TransferOptions& options) {
    return Transfer(seed, options).run();
}

}  // namespace reviver::sim
