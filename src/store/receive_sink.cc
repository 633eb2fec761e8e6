// The Sink that receives into the store. It holds nothing but the right to use the collection's
// receive, which it loses when another Sink opens it.
#include "base/error.h"
#include "store/directories.h"
#include "store/limits.h"
#include "store/names.h"
#include "store/receive.h"

#include <set>

namespace reviver::store {
namespace {

void check_disk(const point::ReceiveHeader::Disk& disk) {
    check_target(disk.shape.key.target);
    if (disk.shape.key.vm.is_none()) fail(Code::invalid_parameter, "a disk belongs to no VM");
    if (disk.shape.size_bytes == 0 || disk.shape.size_bytes > point::disk_size_max)
        fail(Code::invalid_parameter, "disk {} has {} bytes; 1 to {} can be kept",
             disk.shape.key.text(), disk.shape.size_bytes, point::disk_size_max);
}

void check_header(const point::ReceiveHeader& header) {
    if (header.id.is_none() || header.collection.is_none())
        fail(Code::invalid_parameter, "a receive needs an id and a collection");
    if (header.disks.empty() || header.disks.size() > point::disks_max)
        fail(Code::invalid_parameter, "a point has 1 to {} disks, not {}", point::disks_max,
             header.disks.size());
    std::set<DiskKey> keys;
    for (const auto& disk : header.disks) {
        check_disk(disk);
        if (!keys.insert(disk.shape.key).second)
            fail(Code::invalid_parameter, "disk {} is there twice", disk.shape.key.text());
    }
}

bool same_work(const point::ReceiveHeader& a, const point::ReceiveHeader& b) {
    const auto same_disk = [](const auto& x, const auto& y) {
        return x.shape == y.shape && x.bulk == y.bulk && x.copy == y.copy;
    };
    return a.id == b.id && a.sequence == b.sequence && a.parent == b.parent &&
           std::ranges::equal(a.disks, b.disks, same_disk);
}

// The point builds on the newest one: anything else would be another history.
void check_place(const CollectionRow* row, const point::ReceiveHeader& header) {
    const PointRow* newest = row == nullptr ? nullptr : row->newest();
    const Sequence last = newest == nullptr ? Sequence{} : newest->info.sequence;
    if (header.parent != last)
        fail(Code::invalid_state, "a point on {} was offered, and the newest one here is {}",
             header.parent.value, last.value);
    if (header.sequence <= last)
        fail(Code::invalid_state, "point {} was offered, and there is {} already",
             header.sequence.value, last.value);
}

// Of a receive that could not be begun.
void remove_incoming(Context& context, Live& live, const point::ReceiveHeader& header) {
    const auto files = live.files_turn.take();
    const auto row = context.manifest.load(header.collection);
    if (!row) return;
    for (const DiskRow& disk : row->disks)
        context.world.files.remove(context.directory(*row, disk) / incoming_name(header.id));
}

class ReceiveSink : public point::Sink {
    // Runs `work` with the receive, if it is still this sink's.
    template <class Work>
    auto use(const Work& work) {
        if (!live_) fail(Code::invalid_state, "the receive was not opened");
        const auto turn = live_->receive_turn.take();
        if (live_->opens != opened_ || !live_->receive)
            fail(Code::invalid_state, "the receive was taken over or given up");
        return work(*live_->receive);
    }

  public:
    explicit ReceiveSink(Context& context) : context_(context) {}

    point::ReceiveState open(const point::ReceiveHeader& header) override;
    std::uint64_t begin_cut(const point::CutHeader& cut) override {
        return use([&](Receive& receive) { return receive.begin_cut(cut); });
    }
    void write(const point::Chunk& chunk) override {
        use([&](Receive& receive) { receive.write(chunk); });
    }
    point::CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                 const std::vector<Hash>& groups) override {
        return use([&](Receive& receive) { return receive.compare(disk, first_group, groups); });
    }
    void commit(const point::CutTrailer& trailer) override;

  private:
    void begin(const point::ReceiveHeader& header);

    Context& context_;
    std::shared_ptr<Live> live_;
    std::uint64_t opened_ = 0;  // which opening of the receive is this sink's
    bool was_committed_ = false;
};

point::ReceiveState ReceiveSink::open(const point::ReceiveHeader& header) {
    check_header(header);
    live_ = context_.live(header.collection);
    const auto turn = live_->receive_turn.take();
    opened_ = ++live_->opens;
    was_committed_ = false;
    const auto row = context_.manifest.load(header.collection);
    if (row && row->newest() != nullptr && row->newest()->receive == header.id) {
        was_committed_ = true;
        point::ReceiveState state{false, true, {}};
        for (const auto& disk : header.disks) state.bulk_done.push_back(disk.shape.size_bytes);
        return state;
    }
    check_place(row ? &*row : nullptr, header);
    if (live_->receive && live_->receive->header().id == header.id) {
        if (!same_work(live_->receive->header(), header))
            fail(Code::invalid_parameter, "receive {} was begun with other disks",
                 header.id.text());
        live_->receive->reopen();
        return live_->receive->state();
    }
    begin(header);
    return live_->receive->state();
}

void ReceiveSink::begin(const point::ReceiveHeader& header) {
    context_.need_space(0);
    if (live_->receive) live_->receive->discard();
    live_->receive.reset();
    try {
        live_->receive = std::make_shared<Receive>(context_, *live_, header);
    } catch (const Error&) {
        remove_incoming(context_, *live_, header);
        throw;
    }
}

void ReceiveSink::commit(const point::CutTrailer& trailer) {
    if (was_committed_) return;
    use([&](Receive& receive) { receive.commit(trailer); });
}

}  // namespace

std::unique_ptr<point::Sink> make_receive_sink(Context& context) {
    return std::make_unique<ReceiveSink>(context);
}

void drop_receive(Context& context, Live& live, CollectionId collection) {
    if (live.receive) live.receive->discard();
    live.receive.reset();
    if (context.manifest.load(collection)) context.manifest.end_receive(collection);
}

}  // namespace reviver::store
