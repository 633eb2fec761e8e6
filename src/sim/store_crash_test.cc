// The store alone under the power cut: receive, commit, upkeep (merge and fold), removal; a cut
// before every file change.
#include "base/error.h"
#include "sim/crash_loop.h"
#include "sim/no_images.h"
#include "sim/primary.h"

#include <gtest/gtest.h>

namespace reviver::sim {
namespace {

using namespace std::chrono_literals;

constexpr NameRules all_rules[] = {NameRules::journalled, NameRules::loose};

CollectionId the_collection() {
    return CollectionId(*Uuid::parse("11111111-2222-4333-8444-555555555555"));
}

// What one run shares between its work and its check.
struct Story {
    explicit Story(std::uint64_t seed, Mutant mutant = Mutant::none)
        : group({96 << 10, (40 << 10) + 512}, Prng(seed)),
          ledger(group),
          primary(group, ledger, the_collection(), mutant, [](const std::string&) {}) {
        write(20);
        group.lose_dirty();  // only the bulk of the first point can bring what was written so far
    }

    void write(int count) {
        for (int i = 0; i < count; ++i) group.write_something();
    }
    void make_point(sys::World& world, store::Store& store) {
        write(6);
        const auto sink = store.receive();
        primary.cycle(world, *sink, store.newest(the_collection()));
    }

    ModelGroup group;
    Ledger ledger;
    Primary primary;
};

template <class Work>
void with_store(sys::World& world, Work work) {
    NoImages images;
    world.files.make_directories("/data");
    world.files.sync_directory("/");
    store::Store store(world, "/data", images,
                       {.reserve_share = 0, .chain_layers_max = store::chain_layers_least});
    work(store);
}

// After the cut the store is whole, and it goes on from there.
void check_and_go_on(Story& story, sys::World& world) {
    with_store(world, [&](store::Store& store) {
        story.ledger.check(store, the_collection());
        story.primary.process_died();
        story.make_point(world, store);
        story.ledger.check(store, the_collection());
        // The checksums came through it too.
        const store::ScrubReport report = store.scrub(the_collection(), {});
        for (const store::Finding& finding : report.findings) {
            throw Failure("scrub: " + finding.path.string() + ": " + finding.text);
        }
    });
}

CrashRun receiving() {
    auto story = std::make_shared<Story>(1);
    CrashRun run;
    run.work = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) {
            for (int i = 0; i < 3; ++i) story->make_point(world, store);
        });
    };
    run.check = [=](sys::World& world) { check_and_go_on(*story, world); };
    return run;
}

TEST(StoreCrash, ReceivedPointsAreOldOrNewAndNeverAcknowledgedTooEarly) {
    for (const NameRules rules : all_rules) {
        EXPECT_GE(crash_loop({.tries = 2, .names = rules}, receiving), 50u);
    }
}

CrashRun upkeep() {
    auto story = std::make_shared<Story>(2);
    story->ledger.allow_drops();
    CrashRun run;
    run.prepare = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) {
            for (int i = 0; i < 5; ++i) story->make_point(world, store);
        });
    };
    run.work = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) {
            store.pin(the_collection(), Sequence{3}, "a test");
            const store::RetentionPolicy policy{.recovery_history = 0, .now = world.clock.wall()};
            while (store.maintain_once(the_collection(), policy).more) {
            }
            story->ledger.check(store, the_collection());
            store.unpin(the_collection(), Sequence{3}, "a test");
            while (store.maintain_once(the_collection(), policy).more) {
            }
            EXPECT_EQ(store.points(the_collection()).size(), 1u);
        });
    };
    run.check = [=](sys::World& world) { check_and_go_on(*story, world); };
    return run;
}

TEST(StoreCrash, MergingAndFoldingKeepsWhatTheRemainingPointsHold) {
    for (const NameRules rules : all_rules) {
        EXPECT_GE(crash_loop({.tries = 2, .names = rules}, upkeep), 30u);
    }
}

// All points stay, and their layers become a tree: merges past points that are there, a pin that
// brings a chain to its length, and then folds below branches.
CrashRun branching() {
    auto story = std::make_shared<Story>(6);
    story->ledger.allow_drops();
    CrashRun run;
    run.prepare = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) {
            for (int i = 0; i < 7; ++i) story->make_point(world, store);
        });
    };
    run.work = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) {
            store::RetentionPolicy policy{.recent = 10'000h, .now = world.clock.wall()};
            while (store.maintain_once(the_collection(), policy).more) {
            }
            for (int i = 0; i < 3; ++i) story->make_point(world, store);
            const Sequence newest = store.newest(the_collection())->sequence;
            store.pin(the_collection(), newest, "a failover");
            for (const PointInfo& point : store.points(the_collection()))
                for (const DiskShape& disk : point.disks)
                    EXPECT_LE(store.chain_files(the_collection(), point.sequence, disk.key).size(),
                              1 + store::chain_layers_least);
            story->ledger.check(store, the_collection());
            store.unpin(the_collection(), newest, "a failover");
            for (int i = 0; i < 3; ++i)
                store.remove_point(the_collection(),
                                   store.points(the_collection()).front().sequence);
            while (store.maintain_once(the_collection(), policy).more) {
            }
            story->ledger.check(store, the_collection());
        });
    };
    run.check = [=](sys::World& world) { check_and_go_on(*story, world); };
    return run;
}

TEST(StoreCrash, ATreeOfLayersReadsAsItDidWhateverIsMergedInIt) {
    for (const NameRules rules : all_rules) {
        EXPECT_GE(crash_loop({.tries = 2, .names = rules, .every = 7}, branching), 100u);
    }
}

// A bulk that is found by comparing, onto points that are there.
CrashRun comparing() {
    auto story = std::make_shared<Story>(3);
    CrashRun run;
    run.prepare = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) { story->make_point(world, store); });
    };
    run.work = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) {
            story->write(10);
            story->group.lose_dirty();
            story->make_point(world, store);
        });
    };
    run.check = [=](sys::World& world) { check_and_go_on(*story, world); };
    return run;
}

TEST(StoreCrash, APointByComparisonIsOldOrNew) {
    EXPECT_GE(crash_loop({.tries = 2, .names = NameRules::loose}, comparing), 20u);
}

TEST(StoreCrash, TheLoopFindsADiskThatForgetsToSync) {
    EXPECT_THROW(crash_loop({.names = NameRules::loose, .forgets_syncs = true}, receiving),
                 Failure);
}

// Takes all of a point, and breaks off before its commit, or in the middle of it.
class NoCommit : public point::Sink {
  public:
    NoCommit(std::unique_ptr<point::Sink> inner, std::function<void()> before_commit)
        : inner_(std::move(inner)), before_commit_(std::move(before_commit)) {}
    point::ReceiveState open(const point::ReceiveHeader& header) override {
        return inner_->open(header);
    }
    std::uint64_t begin_cut(const point::CutHeader& cut) override { return inner_->begin_cut(cut); }
    void write(const point::Chunk& chunk) override { inner_->write(chunk); }
    point::CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                 const std::vector<Hash>& groups) override {
        return inner_->compare(disk, first_group, groups);
    }
    void commit(const point::CutTrailer& trailer) override {
        before_commit_();
        inner_->commit(trailer);
    }

  private:
    std::unique_ptr<point::Sink> inner_;
    std::function<void()> before_commit_;
};

// The name of a base that was marked as all there used to be lost with the power, and an empty one
// took its place.
TEST(StoreCrash, AMarkedBaseKeepsItsName) {
    for (std::uint64_t seed = 0; seed < 16; ++seed) {
        Simulation simulation(seed);
        Site& site = simulation.add_site("site");
        site.disk().set_name_rules(NameRules::loose);
        Story story(seed);
        simulation.run([&] {
            site.boot([&](sys::World& world) {
                with_store(world, [&](store::Store& store) {
                    NoCommit sink(store.receive(), [&] { site.kill(Death::power); });
                    story.primary.cycle(world, sink, std::nullopt);
                });
            });
            simulation.until_down(site);
            site.boot([&](sys::World& world) { check_and_go_on(story, world); });
            simulation.until_down(site);
        });
    }
}

// Layers that had their names already used to be left as they were when a new cut went into them.
TEST(StoreCrash, ACommitThatFailsLateIsFollowedByAnotherCut) {
    for (std::uint64_t pages = 0; pages < 40; ++pages) {
        Simulation simulation(pages);
        Site& site = simulation.add_site("site");
        Story story(5);
        simulation.run([&] {
            site.boot([&](sys::World& world) {
                with_store(world, [&](store::Store& store) {
                    story.make_point(world, store);
                    story.write(10);
                    const auto fill = [&] {
                        const sys::Space space = site.disk().space();
                        site.disk().set_capacity(space.total_bytes - space.free_bytes +
                                                 pages * page_bytes);
                    };
                    NoCommit sink(store.receive(), fill);
                    try {
                        story.primary.cycle(world, sink, store.newest(the_collection()));
                    } catch (const Error& e) {
                        EXPECT_EQ(e.code(), Code::no_space) << e.what();
                    }
                    site.disk().set_capacity(0);
                    story.primary.process_died();
                    story.make_point(world, store);
                    story.ledger.check(store, the_collection());
                });
            });
            simulation.until_down(site);
        });
    }
}

TEST(StoreCrash, AFullDiskHarmsNoPoint) {
    for (std::uint64_t pages = 0; pages < 60; pages += 3) {
        Simulation simulation(pages);
        Site& site = simulation.add_site("site");
        Story story(4);
        simulation.run([&] {
            site.boot([&](sys::World& world) {
                with_store(world, [&](store::Store& store) {
                    story.make_point(world, store);
                    const sys::Space space = site.disk().space();
                    site.disk().set_capacity(space.total_bytes - space.free_bytes +
                                             pages * page_bytes);
                    try {
                        for (int i = 0; i < 20; ++i) story.make_point(world, store);
                        ADD_FAILURE() << "the disk did not get full";
                    } catch (const Error& e) {
                        EXPECT_EQ(e.code(), Code::no_space) << e.what();
                    }
                    story.ledger.check(store, the_collection());
                });
                site.disk().set_capacity(0);
                check_and_go_on(story, world);
            });
            simulation.until_down(site);
        });
    }
}

}  // namespace
}  // namespace reviver::sim
