#include "sim/engine_site.h"

#include "base/error.h"
#include "replication/control.h"
#include "wire/plain_transport.h"
#include "wire/server.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::sim {

using replication::Collection;
using replication::Engine;

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t peer_port = 4;
const sys::Path data_directory = "/data";

wire::Fingerprint fingerprint_of(const std::string& name) {
    return wire::Fingerprint(sha256(bytes_of(name)));
}

wire::Site greeting_of(sys::World& world, const std::string& name) {
    return {SiteId(world.random.uuid()), name, "0.1.0"};
}

class PairedSite : public wire::PeerDirectory {
  public:
    explicit PairedSite(std::string name) : name_(std::move(name)) {}
    std::optional<wire::Peer> find(const wire::Fingerprint& fingerprint) override {
        if (fingerprint != fingerprint_of(name_)) return std::nullopt;
        wire::Peer peer;
        peer.name = name_;
        peer.fingerprint = fingerprint;
        return peer;
    }

  private:
    std::string name_;
};

// The images of the host, for stores that adopted them.
class HostImages : public point::ImageOpener {
  public:
    explicit HostImages(Hypervisor& hypervisor) : hypervisor_(hypervisor) {}
    std::unique_ptr<point::Image> open(const sys::Path& path, const std::string&) override {
        return std::make_unique<Snapshot>(hypervisor_.content(path.string()));
    }

  private:
    class Snapshot : public point::Image {
      public:
        explicit Snapshot(SparseBytes content) : content_(std::move(content)) {}
        std::uint64_t size_bytes() const override { return content_.size(); }
        void read(std::uint64_t offset, ByteSpan to) override { content_.read(offset, to); }
        std::vector<Extent> extents(Range range) override { return content_.extents(range); }

      private:
        SparseBytes content_;
    };

    Hypervisor& hypervisor_;
};

bool takes_points(const Collection& c) {
    const State state = state_of_replication(c);
    return c.place.role == Role::replica &&
           (state == State::initial_replication || state == State::replicating ||
            state == State::critical);
}

}  // namespace

// Looks at every point that becomes durable here.
class EngineSite::WatchedSink : public point::Sink {
  public:
    WatchedSink(EngineSite& site, std::unique_ptr<point::Sink> inner)
        : site_(site), inner_(std::move(inner)) {}

    point::ReceiveState open(const point::ReceiveHeader& header) override {
        epoch_ = header.epoch;
        return inner_->open(header);
    }
    std::uint64_t begin_cut(const point::CutHeader& cut) override { return inner_->begin_cut(cut); }
    void write(const point::Chunk& chunk) override { inner_->write(chunk); }
    point::CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                 const std::vector<Hash>& groups) override {
        return inner_->compare(disk, first_group, groups);
    }
    void commit(const point::CutTrailer& trailer) override {
        inner_->commit(trailer);
        const auto c = site_.collection();
        if (!c || (c->epoch == epoch_ && takes_points(*c))) return;
        site_.world_.finding = fmt::format(
            "{} took a point of epoch {} while it was {} ({}) in epoch {}", site_.name(),
            epoch_.value, name_of(c->place.state), name_of(c->place.role), c->epoch.value);
    }

  private:
    EngineSite& site_;
    std::unique_ptr<point::Sink> inner_;
    Epoch epoch_;
};

// The engine's desk, with an eye on what goes over it.
class EngineSite::Desk : public wire::PeerHandler {
  public:
    Desk(EngineSite& site, wire::PeerHandler& inner, store::Store& store)
        : site_(site), inner_(inner), store_(store) {}

    std::string call(const wire::Peer& peer, const std::string& method,
                     const std::string& body) override {
        if (method == "hello") {
            const auto hello = replication::control::hello_from_text(body);
            if (is_unguarded(hello.epoch)) return welcome(hello);
        }
        try {
            return inner_.call(peer, method, body);
        } catch (const Failure& failure) {
            site_.world_.finding = failure.what();
            throw;
        }
    }
    std::unique_ptr<point::Sink> receive(const wire::Peer& peer,
                                         const point::ReceiveHeader& header) override {
        const bool unguarded = is_unguarded(header.epoch);
        return std::make_unique<WatchedSink>(
            site_, unguarded ? store_.receive() : inner_.receive(peer, header));
    }

  private:
    // The mutant lets in whom the engine would refuse.
    bool is_unguarded(Epoch epoch) {
        if (site_.world_.mutant != EngineMutant::unguarded_receive) return false;
        const auto c = site_.collection();
        return c && !(c->epoch == epoch && takes_points(*c));
    }
    std::string welcome(const replication::control::Hello& hello) {
        replication::control::HelloAnswer answer;
        answer.epoch = hello.epoch;
        answer.place = {Role::replica, State::replicating};
        if (const auto newest = store_.tip(hello.collection)) answer.newest = newest->sequence;
        return to_text(answer);
    }

    EngineSite& site_;
    wire::PeerHandler& inner_;
    store::Store& store_;
};

EngineSite::EngineSite(EngineWorld& world, Site& site, std::string peer)
    : world_(world),
      site_(site),
      peer_(std::move(peer)),
      hypervisor_(site.disk(), site.world().clock, world.simulation.prng().fork()) {}

void EngineSite::boot() {
    request_ = nullptr;
    stop_asked_ = false;
    engine_ = nullptr;
    site_.boot([this](sys::World& world) { main(world); });
}

void EngineSite::kill(Death death) {
    if (death == Death::power) hypervisor_.lose_power();
    site_.kill(death);
}

std::optional<Collection> EngineSite::collection() {
    Engine* const running = engine();
    return running == nullptr ? std::nullopt : running->collection(world_.collection);
}

// A site that cannot start because its disk is full tries again; any other trouble is a finding.
void EngineSite::main(sys::World& world) {
    while (!stop_asked_) {
        try {
            run(world);
        } catch (const Error& e) {
            engine_ = nullptr;
            if (site_.died()) return;
            if (e.code() != Code::no_space) {
                throw Failure(fmt::format("{} ended: {}", name(), e.what()));
            }
            world.clock.sleep_until(world.clock.after(500ms));
        }
    }
}

void EngineSite::run(sys::World& world) {
    world.files.make_directories(data_directory);
    world.files.sync_directory(data_directory.parent_path());
    const auto repository = state::open_sqlite(world, data_directory / "state.db");
    HostImages images(hypervisor_);
    store::Store store(world, data_directory, images, {.reserve_share = 0});
    check_store(*repository, store);
    const ModelHost host{world, hypervisor_, world_.book, world_.mutant,
                         [this](CollectionId, Sequence sequence) { acknowledged(sequence); }};
    ModelMachines machines(host, world_.simulation.prng().fork(), world_.troubled_one_in);
    replication::Jobs jobs(world, *repository);
    replication::Peers peers(*repository);
    if (!peers.find(peer_)) {
        peers.put({peer_, "", to_hex(fingerprint_of(peer_).hash()), {peer_, peer_port}});
    }
    const auto policy = std::make_shared<replication::Policy>(world.clock, world_.policy);
    wire::PlainTransport transport(world, fingerprint_of(name()), policy->site_limit());
    const wire::Site self = greeting_of(world, name());
    const auto dial = [&](const sys::Endpoint& to, const wire::Fingerprint& expected,
                          sys::MonoTime deadline, std::shared_ptr<wire::BandwidthLimit> own) {
        wire::LinkOptions options;
        options.bandwidth = std::move(own);
        return std::make_unique<wire::PeerLink>(world, transport, self, to, expected, deadline,
                                                options);
    };
    const replication::SiteIdentity identity{
        name(), self.id.text(), to_hex(fingerprint_of(name()).hash()), {name(), peer_port}};
    Engine engine({world, identity, *repository, store, machines, dial,
                   [](const sys::Endpoint&) { return std::string(); }, jobs, peers,
                   replication::nobody(), policy});
    Desk desk(*this, engine.peer_handler(), store);
    PairedSite paired(peer_);
    wire::PeerServer server(world, transport, self, {"", peer_port}, paired, desk);
    serve(world, engine, store);
}

void EngineSite::serve(sys::World& world, Engine& engine, store::Store& store) {
    engine_ = &engine;
    std::uint64_t rounds = 0;
    while (!stop_asked_) {
        if (request_ != nullptr) answer(engine);
        if (++rounds % 50 == 0) merge_around_test(engine, store);
        world.clock.sleep_until(world.clock.after(20ms));
    }
    engine_ = nullptr;
}

// Upkeep that does not wait until there is much to merge, so that much is merged around a test.
void EngineSite::merge_around_test(Engine& engine, store::Store& store) {
    const auto c = engine.collection(world_.collection);
    const auto newest = store.newest(world_.collection);
    if (!c || !c->trial || !newest) return;
    try {
        if (world_.mutant == EngineMutant::unpinned_test) {
            store.unpin(c->id, c->trial->point, "test");
            const auto points = store.points(c->id);
            const bool there = std::ranges::any_of(points, [&](const PointInfo& point) {
                return point.sequence == c->trial->point && point.sequence != newest->sequence;
            });
            if (there) store.remove_point(c->id, c->trial->point);
        }
        store.shorten(c->id, newest->sequence, 1);
    } catch (const Error& e) {
        const bool in_the_way = e.code() == Code::in_use || e.code() == Code::not_found ||
                                e.code() == Code::no_space || e.code() == Code::invalid_state;
        if (!in_the_way) throw;
    }
}

namespace {

// A removal that was cut off after the points went is continued.
bool is_being_removed(state::Repository& repository) {
    return std::ranges::any_of(repository.list("job"), [](const auto& item) {
        const Job job = replication::job_from_text(item.second);
        return job.method == "remove" && job.state == JobState::running;
    });
}

// What a refused call must leave as it was.
bool same_relationship(const Collection& a, const Collection& b) {
    return a.place.role == b.place.role && a.epoch == b.epoch && a.peer == b.peer &&
           a.failover_point == b.failover_point;
}

bool is_refusal(Code code) {
    switch (code) {
        case Code::invalid_parameter:
        case Code::invalid_state:
        case Code::in_use:
        case Code::not_found:
        case Code::exists:
        case Code::no_space:
        case Code::no_file:
            return true;
        default:
            return false;
    }
}

}  // namespace

void EngineSite::answer(Engine& engine) {
    const auto before = engine.collection(world_.collection);
    try {
        (*request_)(engine);
    } catch (const Error& e) {
        world_.simulation.note(fmt::format("{} refuses: {}", name(), e.what()));
        if (site_.died()) return;
        if (!is_refusal(e.code())) {
            throw Failure(
                fmt::format("{} refused with {}: {}", name(), name_of(e.code()), e.what()));
        }
        const auto after = engine.collection(world_.collection);
        if (!request_waits_ && before && after && !same_relationship(*before, *after)) {
            throw Failure(fmt::format("{} refused and changed something: {}", name(), e.what()));
        }
    }
    request_ = nullptr;
}

// Before anything else runs: what was acknowledged is there, and every point is a moment of the
// group.
void EngineSite::check_store(state::Repository& repository, store::Store& store) {
    world_.book.check(store, world_.collection);
    const auto text = repository.get(replication::Group::document_kind(), world_.collection.text());
    if (!text) return;
    const Collection c = replication::collection_from_text(*text);
    if (!takes_points(c) || is_being_removed(repository)) return;
    const Sequence acknowledged = world_.book.acknowledged(c.epoch);
    const auto newest = store.newest(c.id);
    if (acknowledged.value == 0 || (newest && newest->sequence >= acknowledged)) return;
    throw Failure(
        fmt::format("{}: point {} was acknowledged and is gone", name(), acknowledged.value));
}

// What is on a medium is no promise yet.
void EngineSite::acknowledged(Sequence sequence) {
    const auto c = collection();
    const bool exported =
        c && c->place.state == State::initial_replication && !c->exported.directory.empty();
    if (c && !exported) world_.book.acknowledge(c->epoch, sequence);
}

}  // namespace reviver::sim
