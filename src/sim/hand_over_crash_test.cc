// The turns of a chain's life under the power cut, before every file change: a site's own images
// become the base of a new chain (adopt), and a chain whose VMs have moved out is let go of
// (hand_over).
#include "base/error.h"
#include "sim/crash_loop.h"
#include "sim/primary.h"
#include "store/stack.h"
#include "sys/files.h"

#include <gtest/gtest.h>

namespace reviver::sim {
namespace {

const sys::Path own_image = "/images/own.raw";

CollectionId the_collection() {
    return CollectionId(*Uuid::parse("11111111-2222-4333-8444-555555555555"));
}

class RawImages : public point::ImageOpener {
  public:
    explicit RawImages(sys::Files& files) : files_(files) {}
    std::unique_ptr<point::Image> open(const sys::Path& path, const std::string&) override {
        return std::make_unique<store::RawImage>(files_.open(path, sys::OpenMode::read));
    }

  private:
    sys::Files& files_;
};

template <class Work>
void with_store(sys::World& world, Work work) {
    RawImages images(world.files);
    world.files.make_directories("/data");
    world.files.sync_directory("/");
    store::Store store(world, "/data", images,
                       {.reserve_share = 0, .chain_layers_max = store::chain_layers_least});
    work(store);
}

struct Story {
    Story() : group({96 << 10}, Prng(7)), ledger(group), primary(make_primary()) {
        for (int i = 0; i < 20; ++i) group.write_something();
        group.lose_dirty();
        Prng(8).fill(image);
    }
    Primary make_primary() {
        return {group, ledger, the_collection(), Mutant::none, [](const std::string&) {}};
    }
    DiskKey key() const { return group.shapes().front().key; }
    void make_points(sys::World& world, store::Store& store, int count) {
        for (int i = 0; i < count; ++i) {
            group.write_something();
            const auto sink = store.receive();
            primary.cycle(world, *sink, store.newest(the_collection()));
        }
    }
    PointInfo tail() const {
        PointInfo info;
        info.sequence = {9};
        info.cut = CutId(*Uuid::parse("00000000-0000-4000-8000-0000000000ff"));
        info.kind = PointKind::tail;
        info.disks = {{key(), image.size()}};
        return info;
    }
    void adopt(store::Store& store) const {
        store.adopt(the_collection(), tail(), {{key(), image.size(), own_image, "raw"}});
    }

    ModelGroup group;
    Ledger ledger;
    Primary primary;
    Bytes image = Bytes(64 << 10);
};

void write_durably(sys::World& world, const sys::Path& path, ByteView bytes) {
    world.files.make_directories(path.parent_path());
    world.files.sync_directory(path.parent_path().parent_path());
    const auto file = world.files.open(path, sys::OpenMode::create);
    file->write_at(0, bytes);
    file->sync();
    world.files.sync_directory(path.parent_path());
}

void need(bool fact, const char* what) {
    if (!fact) throw Failure(what);
}

Bytes content_of(sys::World& world, const sys::Path& path) {
    const auto file = world.files.open(path, sys::OpenMode::read);
    Bytes bytes(file->size_bytes());
    file->read_exactly(0, bytes);
    return bytes;
}

void need_the_tail(const Story& story, store::Store& store) {
    const auto newest = store.newest(the_collection());
    need(newest && newest->sequence == Sequence{9}, "the tail is not the newest point");
    const auto disk = store.open_disk(the_collection(), {9}, story.key());
    Bytes bytes(disk->size_bytes());
    disk->read(0, bytes);
    need(bytes == story.image, "the tail does not read as the image");
}

CrashRun adopting() {
    auto story = std::make_shared<Story>();
    CrashRun run;
    run.prepare = [=](sys::World& world) {
        write_durably(world, own_image, story->image);
        with_store(world, [&](store::Store& store) { story->make_points(world, store, 2); });
    };
    run.work = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) { story->adopt(store); });
    };
    run.check = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) {
            const auto newest = store.newest(the_collection());
            need(newest.has_value(), "no chain at all");
            if (newest->cut == story->tail().cut) {
                need_the_tail(*story, store);
            } else {
                story->ledger.check(store, the_collection());
            }
            story->adopt(store);
            need_the_tail(*story, store);
            need(store.points(the_collection()).size() == 1, "points of the old chain are left");
            need(content_of(world, own_image) == story->image, "the image was written");
            need(store.scrub(the_collection(), {}).findings.empty(), "scrub finds damage");
        });
    };
    return run;
}

TEST(HandOverCrash, AnAdoptedChainBeginsOrTheOldOneIsWhole) {
    for (const NameRules rules : {NameRules::journalled, NameRules::loose})
        EXPECT_GE(crash_loop({.tries = 2, .names = rules}, adopting), 10u);
}

// Where the only disk's base lies, and what it holds before the hand-over.
struct Base {
    sys::Path path;
    Bytes content;
};

CrashRun handing_over() {
    auto story = std::make_shared<Story>();
    auto base = std::make_shared<Base>();
    CrashRun run;
    run.prepare = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) {
            story->make_points(world, store, 3);
            base->path = store.chain_files(the_collection(), {1}, story->key()).front().path;
            base->content = content_of(world, base->path);
        });
    };
    run.work = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) { store.hand_over(the_collection()); });
    };
    run.check = [=](sys::World& world) {
        with_store(world, [&](store::Store& store) {
            if (store.newest(the_collection())) story->ledger.check(store, the_collection());
            store.hand_over(the_collection());
            need(!store.newest(the_collection()), "the collection was not let go of");
            need(content_of(world, base->path) == base->content, "the base was changed");
            // The next chain gets along with the base that lies there.
            Story next;
            next.make_points(world, store, 2);
            next.ledger.check(store, the_collection());
            need(content_of(world, base->path) == base->content, "the base was changed later");
        });
    };
    return run;
}

TEST(HandOverCrash, ABaseThatWasHandedOverIsNeverTouchedAgain) {
    for (const NameRules rules : {NameRules::journalled, NameRules::loose})
        EXPECT_GE(crash_loop({.tries = 2, .names = rules}, handing_over), 5u);
}

}  // namespace
}  // namespace reviver::sim
