#include "sim/sqlite_vfs.h"

#include "base/check.h"
#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace reviver::sim {

namespace {

// What is behind a sqlite3_file of ours.
struct OpenFile {
    SqliteVfs* vfs;
    std::shared_ptr<Inode> inode;
    std::string remove_at_close;
    // The directory to sync with the file: a new journal's name must be as durable as its content.
    std::string directory_to_sync;
    int lock_level = SQLITE_LOCK_NONE;
};

struct Handle {
    sqlite3_file base;
    OpenFile* open;
};

OpenFile& file_of(sqlite3_file* file) {
    return *reinterpret_cast<Handle*>(file)->open;
}

int code_of(const Error& e, int otherwise) {
    return e.code() == Code::no_space ? SQLITE_FULL : otherwise;
}

sys::OpenMode mode_of(int flags) {
    if (flags & SQLITE_OPEN_EXCLUSIVE) return sys::OpenMode::create_new;
    if (flags & SQLITE_OPEN_CREATE) return sys::OpenMode::create;
    return flags & SQLITE_OPEN_READONLY ? sys::OpenMode::read : sys::OpenMode::write;
}

constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;

}  // namespace

// The functions that SQLite calls (sqlite.org/c3ref/io_methods.html, sqlite.org/c3ref/vfs.html).
struct VfsCalls {
    static SqliteVfs& of(sqlite3_vfs* vfs) { return *static_cast<SqliteVfs*>(vfs->pAppData); }

    static bool alive(SqliteVfs& vfs, Step step, std::uint64_t a = 0, std::uint64_t b = 0) {
        return vfs.gate_.enter_quietly(step, a, b);
    }

    static int open(sqlite3_vfs* raw, const char* name, sqlite3_file* file, int flags, int* got) {
        SqliteVfs& vfs = of(raw);
        file->pMethods = nullptr;
        const bool there = name != nullptr && vfs.disk_.exists(name);
        if (!alive(vfs, there || name == nullptr ? Step::file_read : Step::file_change)) {
            return SQLITE_CANTOPEN;
        }
        auto open = std::make_unique<OpenFile>();
        open->vfs = &vfs;
        try {
            open->inode = name ? vfs.disk_.open(name, mode_of(flags)) : std::make_shared<Inode>();
        } catch (const Error&) {
            return SQLITE_CANTOPEN;
        }
        if (name && (flags & SQLITE_OPEN_DELETEONCLOSE)) open->remove_at_close = name;
        if (!there && (flags & journals)) {
            open->directory_to_sync = sys::Path(name).parent_path().string();
        }
        if (got) *got = flags;
        reinterpret_cast<Handle*>(file)->open = open.release();
        file->pMethods = &methods;
        return SQLITE_OK;
    }

    static int close(sqlite3_file* file) {
        const std::unique_ptr<OpenFile> open(&file_of(file));
        set_lock(*open, SQLITE_LOCK_NONE);
        if (!open->remove_at_close.empty() && alive(*open->vfs, Step::file_change)) {
            open->vfs->disk_.remove(open->remove_at_close);
        }
        return SQLITE_OK;
    }

    static int read(sqlite3_file* file, void* to, int length, sqlite3_int64 offset) {
        OpenFile& open = file_of(file);
        const ByteSpan all(static_cast<std::byte*>(to), static_cast<std::size_t>(length));
        const auto at = static_cast<std::uint64_t>(offset);
        if (!alive(*open.vfs, Step::file_read, at, all.size())) return SQLITE_IOERR_READ;
        const std::size_t got = open.inode->content().read(at, all);
        if (got == all.size()) return SQLITE_OK;
        std::ranges::fill(all.subspan(got), std::byte{0});
        return SQLITE_IOERR_SHORT_READ;
    }

    static int write(sqlite3_file* file, const void* from, int length, sqlite3_int64 offset) {
        OpenFile& open = file_of(file);
        const ByteView all(static_cast<const std::byte*>(from), static_cast<std::size_t>(length));
        const auto at = static_cast<std::uint64_t>(offset);
        if (!alive(*open.vfs, Step::file_change, at, all.size())) return SQLITE_IOERR_WRITE;
        try {
            open.vfs->disk_.claim(*open.inode, {at, all.size()});
        } catch (const Error& e) {
            return code_of(e, SQLITE_IOERR_WRITE);
        }
        open.inode->write(at, all);
        return SQLITE_OK;
    }

    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        OpenFile& open = file_of(file);
        if (!alive(*open.vfs, Step::file_change)) return SQLITE_IOERR_TRUNCATE;
        open.inode->resize(static_cast<std::uint64_t>(size));
        return SQLITE_OK;
    }

    static int sync(sqlite3_file* file, int) {
        OpenFile& open = file_of(file);
        if (!alive(*open.vfs, Step::file_change)) return SQLITE_IOERR_FSYNC;
        open.vfs->disk_.sync(*open.inode);
        if (open.directory_to_sync.empty()) return SQLITE_OK;
        if (!alive(*open.vfs, Step::file_change)) return SQLITE_IOERR_DIR_FSYNC;
        open.vfs->disk_.sync_directory(std::exchange(open.directory_to_sync, {}));
        return SQLITE_OK;
    }

    static int size(sqlite3_file* file, sqlite3_int64* size) {
        OpenFile& open = file_of(file);
        if (!alive(*open.vfs, Step::file_read)) return SQLITE_IOERR_FSTAT;
        *size = static_cast<sqlite3_int64>(open.inode->content().size());
        return SQLITE_OK;
    }

    static int lock(sqlite3_file* file, int level) {
        OpenFile& open = file_of(file);
        return open.lock_level >= level || set_lock(open, level) ? SQLITE_OK : SQLITE_BUSY;
    }

    static int unlock(sqlite3_file* file, int level) {
        set_lock(file_of(file), level);
        return SQLITE_OK;
    }

    // sqlite.org/lockingv3.html, without the pending state: no writer ever has to wait for readers
    // here.
    static bool set_lock(OpenFile& open, int level) {
        auto& locks = open.vfs->locks_[open.inode.get()];
        const bool others_read = locks.shared.size() > locks.shared.count(&open);
        const auto taken = [&](const void* holder) { return holder && holder != &open; };
        if (level >= SQLITE_LOCK_SHARED && taken(locks.exclusive)) return false;
        if (level >= SQLITE_LOCK_RESERVED && taken(locks.reserved)) return false;
        if (level >= SQLITE_LOCK_EXCLUSIVE && others_read) return false;
        if (level >= SQLITE_LOCK_SHARED) locks.shared.insert(&open);
        if (level < SQLITE_LOCK_SHARED) locks.shared.erase(&open);
        set_holder(locks.reserved, open, level >= SQLITE_LOCK_RESERVED);
        set_holder(locks.exclusive, open, level >= SQLITE_LOCK_EXCLUSIVE);
        open.lock_level = level;
        if (locks.shared.empty()) open.vfs->locks_.erase(open.inode.get());
        return true;
    }

    static void set_holder(const void*& holder, const OpenFile& open, bool holds) {
        if (holds) holder = &open;
        if (!holds && holder == &open) holder = nullptr;
    }

    static int check_reserved(sqlite3_file* file, int* result) {
        OpenFile& open = file_of(file);
        const auto found = open.vfs->locks_.find(open.inode.get());
        *result = found != open.vfs->locks_.end() && found->second.reserved != nullptr;
        return SQLITE_OK;
    }

    static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
    static int sector_size(sqlite3_file*) { return 4096; }
    static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

    static int remove(sqlite3_vfs* raw, const char* name, int sync_directory) {
        SqliteVfs& vfs = of(raw);
        if (!vfs.disk_.exists(name)) return SQLITE_IOERR_DELETE_NOENT;
        if (!alive(vfs, Step::file_change)) return SQLITE_IOERR_DELETE;
        vfs.disk_.remove(name);
        if (!sync_directory) return SQLITE_OK;
        if (!alive(vfs, Step::file_change)) return SQLITE_IOERR_DIR_FSYNC;
        vfs.disk_.sync_directory(sys::Path(name).parent_path());
        return SQLITE_OK;
    }

    static int access(sqlite3_vfs* raw, const char* name, int, int* result) {
        SqliteVfs& vfs = of(raw);
        if (!alive(vfs, Step::file_read)) return SQLITE_IOERR_ACCESS;
        *result = vfs.disk_.exists(name);
        return SQLITE_OK;
    }

    static int full_path(sqlite3_vfs*, const char* name, int limit, char* result) {
        sqlite3_snprintf(limit, result, "%s", name);
        return SQLITE_OK;
    }

    static int randomness(sqlite3_vfs* raw, int length, char* to) {
        of(raw).prng_.fill({reinterpret_cast<std::byte*>(to), static_cast<std::size_t>(length)});
        return length;
    }

    static int sleep(sqlite3_vfs*, int microseconds) { return microseconds; }

    static int current_time(sqlite3_vfs* raw, sqlite3_int64* ms) {
        // Milliseconds since the Julian epoch; 2440587.5 days before 1970.
        const auto since_1970 = of(raw).clock_.wall().time_since_epoch();
        *ms = 210866760000000 +
              std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
        return SQLITE_OK;
    }

    static int current_time_days(sqlite3_vfs* raw, double* days) {
        sqlite3_int64 ms = 0;
        current_time(raw, &ms);
        *days = static_cast<double>(ms) / 86400000;
        return SQLITE_OK;
    }

    static int last_error(sqlite3_vfs*, int, char*) { return 0; }

    static const sqlite3_io_methods methods;
};

const sqlite3_io_methods VfsCalls::methods = {
    .iVersion = 1,
    .xClose = &close,
    .xRead = &read,
    .xWrite = &write,
    .xTruncate = &truncate,
    .xSync = &sync,
    .xFileSize = &size,
    .xLock = &lock,
    .xUnlock = &unlock,
    .xCheckReservedLock = &check_reserved,
    .xFileControl = &control,
    .xSectorSize = &sector_size,
    .xDeviceCharacteristics = &characteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

SqliteVfs::SqliteVfs(Disk& disk, Gate& gate, sys::Clock& clock, Prng prng)
    : disk_(disk), gate_(gate), clock_(clock), prng_(prng) {
    static int count = 0;
    name_ = fmt::format("reviver-sim-{}", ++count);
    vfs_.iVersion = 2;
    vfs_.szOsFile = sizeof(Handle);
    vfs_.mxPathname = 512;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = &VfsCalls::open;
    vfs_.xDelete = &VfsCalls::remove;
    vfs_.xAccess = &VfsCalls::access;
    vfs_.xFullPathname = &VfsCalls::full_path;
    vfs_.xRandomness = &VfsCalls::randomness;
    vfs_.xSleep = &VfsCalls::sleep;
    vfs_.xCurrentTime = &VfsCalls::current_time_days;
    vfs_.xGetLastError = &VfsCalls::last_error;
    vfs_.xCurrentTimeInt64 = &VfsCalls::current_time;
    REVIVER_CHECK(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK);
}

SqliteVfs::~SqliteVfs() {
    sqlite3_vfs_unregister(&vfs_);
}

void seed_sqlite(std::uint64_t seed) {
    // Never 0, which would mean: from the operating system.
    const int nonzero = static_cast<int>(seed & 0x7fffffff) | 1;
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, nonzero, nullptr);
    sqlite3_randomness(0, nullptr);
}

}  // namespace reviver::sim
