#include "sim/files.h"

#include "base/error.h"

namespace reviver::sim {

namespace {

class SimFile : public sys::File {
  public:
    SimFile(Disk& disk, Gate& gate, std::shared_ptr<Inode> inode, bool writable)
        : disk_(disk), gate_(gate), inode_(std::move(inode)), writable_(writable) {}

    std::size_t read_at(std::uint64_t offset, ByteSpan to) override {
        if (!gate_.enter(Step::file_read, offset, to.size())) return 0;
        return inode_->content().read(offset, to);
    }

    void write_at(std::uint64_t offset, ByteView from) override {
        if (!change(offset, from.size())) return;
        disk_.claim(*inode_, {offset, from.size()});
        inode_->write(offset, from);
    }

    void sync() override {
        if (gate_.enter(Step::file_change)) disk_.sync(*inode_);
    }

    std::uint64_t size_bytes() override {
        return gate_.enter(Step::file_read) ? inode_->content().size() : 0;
    }

    void resize(std::uint64_t size_bytes) override {
        if (change(size_bytes, 0)) inode_->resize(size_bytes);
    }

    void punch(Range range) override {
        if (change(range.offset, range.length)) inode_->punch(range);
    }

    std::vector<Extent> extents(Range range) override {
        if (!gate_.enter(Step::file_read, range.offset, range.length)) return {};
        return inode_->content().extents(range);
    }

  private:
    bool change(std::uint64_t a, std::uint64_t b) {
        if (!gate_.enter(Step::file_change, a, b)) return false;
        if (!writable_) fail(Code::failed, "the file is open for reading only");
        return true;
    }

    Disk& disk_;
    Gate& gate_;
    std::shared_ptr<Inode> inode_;
    bool writable_;
};

bool creates(sys::OpenMode mode) {
    return mode == sys::OpenMode::create || mode == sys::OpenMode::create_new;
}

}  // namespace

std::unique_ptr<sys::File> SimFiles::open(const sys::Path& path, sys::OpenMode mode) {
    const bool changes = creates(mode) && !disk_.exists(path);
    const bool alive = gate_.enter(changes ? Step::file_change : Step::file_read);
    auto inode = alive ? disk_.open(path, mode) : std::make_shared<Inode>();
    return std::make_unique<SimFile>(disk_, gate_, std::move(inode), mode != sys::OpenMode::read);
}

bool SimFiles::exists(const sys::Path& path) {
    return gate_.enter(Step::file_read) && disk_.exists(path);
}

void SimFiles::rename(const sys::Path& from, const sys::Path& to) {
    if (gate_.enter(Step::file_change)) disk_.rename(from, to);
}

void SimFiles::remove(const sys::Path& path) {
    if (gate_.enter(disk_.exists(path) ? Step::file_change : Step::file_read)) disk_.remove(path);
}

void SimFiles::make_directories(const sys::Path& path) {
    const Step step = disk_.exists(path) ? Step::file_read : Step::file_change;
    if (gate_.enter(step)) disk_.make_directories(path);
}

void SimFiles::sync_directory(const sys::Path& path) {
    if (gate_.enter(Step::file_change)) disk_.sync_directory(path);
}

std::vector<std::string> SimFiles::list(const sys::Path& directory) {
    if (!gate_.enter(Step::file_read)) return {};
    return disk_.list(directory);
}

sys::Space SimFiles::space(const sys::Path&) {
    if (!gate_.enter(Step::file_read)) return {};
    return disk_.space();
}

}  // namespace reviver::sim
