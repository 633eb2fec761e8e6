#include "sim/crash_loop.h"

#include "base/error.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace reviver::sim {
namespace {

constexpr NameRules all_rules[] = {NameRules::journalled, NameRules::loose};

// Replaces a small file a few times. `sloppy` forgets the sync of the content: the mutant.
void replace(sys::World& world, const std::string& text, bool sloppy) {
    if (!sloppy) return sys::replace_file(world.files, "/data/file", bytes_of(text));
    auto file = world.files.open("/data/file.new", sys::OpenMode::create);
    file->write_at(0, bytes_of(text));
    world.files.rename("/data/file.new", "/data/file");
    world.files.sync_directory("/data");
}

CrashRun replacing_run(bool sloppy) {
    auto acknowledged = std::make_shared<int>(0);
    CrashRun run;
    run.prepare = [](sys::World& world) {
        world.files.make_directories("/data");
        replace(world, "0", false);
    };
    run.work = [=](sys::World& world) {
        for (int i = 1; i < 4; ++i) {
            replace(world, std::to_string(i), sloppy);
            *acknowledged = i;
        }
    };
    run.check = [=](sys::World& world) {
        const Bytes content = sys::read_file(world.files, "/data/file", 100);
        const std::string text(text_of(content));
        if (text != std::to_string(*acknowledged) && text != std::to_string(*acknowledged + 1)) {
            throw Failure("found '" + text + "'");
        }
    };
    return run;
}

TEST(CrashLoop, ReplaceFileIsOldOrNewAndNeverAcknowledgedTooEarly) {
    for (const NameRules rules : all_rules) {
        const auto cuts = crash_loop({.names = rules}, [] { return replacing_run(false); });
        EXPECT_GE(cuts, 15u);
    }
}

TEST(CrashLoop, FindsThatTheContentWasNotSynced) {
    for (const NameRules rules : all_rules) {
        EXPECT_THROW(crash_loop({.names = rules}, [] { return replacing_run(true); }), Failure);
    }
}

struct CloseDatabase {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

Database open_database(sys::World& world, const std::string& synchronous) {
    sqlite3* raw = nullptr;
    const int result =
        sqlite3_open_v2("/data/test.db", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        world.files.sqlite_vfs());
    Database database(raw);
    const std::string pragmas =
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=" + synchronous;
    if (result != SQLITE_OK ||
        sqlite3_exec(raw, pragmas.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        fail(Code::failed, "cannot open: {}", sqlite3_errmsg(raw));
    }
    return database;
}

void execute(const Database& database, const std::string& sql) {
    if (sqlite3_exec(database.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        fail(Code::failed, "{}", sqlite3_errmsg(database.get()));
    }
}

int count_rows(const Database& database) {
    int count = 0;
    sqlite3_exec(
        database.get(), "SELECT count(*) FROM t",
        [](void* to, int, char** values, char**) {
            *static_cast<int*>(to) = std::atoi(values[0]);
            return 0;
        },
        &count, nullptr);
    return count;
}

CrashRun sqlite_run(const std::string& synchronous) {
    auto acknowledged = std::make_shared<int>(0);
    CrashRun run;
    run.prepare = [](sys::World& world) {
        world.files.make_directories("/data");
        execute(open_database(world, "FULL"), "CREATE TABLE t (n INTEGER, filling TEXT)");
        world.files.sync_directory("/data");
        world.files.sync_directory("/");
    };
    run.work = [=](sys::World& world) {
        const Database database = open_database(world, synchronous);
        for (int i = 1; i < 6; ++i) {
            execute(database, "INSERT INTO t VALUES (1, hex(randomblob(3000)))");
            *acknowledged = i;
            if (i == 3) execute(database, "PRAGMA wal_checkpoint(TRUNCATE)");
        }
    };
    run.check = [=](sys::World& world) {
        const Database database = open_database(world, "FULL");
        execute(database, "PRAGMA integrity_check");
        const int rows = count_rows(database);
        if (rows != *acknowledged && rows != *acknowledged + 1) {
            throw Failure(fmt::format("{} rows of {}", rows, *acknowledged));
        }
    };
    return run;
}

TEST(CrashLoop, SqliteKeepsWhatItCommitted) {
    for (const NameRules rules : all_rules) {
        EXPECT_GE(crash_loop({.names = rules}, [] { return sqlite_run("FULL"); }), 40u);
    }
}

TEST(CrashLoop, FindsThatSqliteWasToldNotToSync) {
    EXPECT_THROW(crash_loop({}, [] { return sqlite_run("OFF"); }), Failure);
}

TEST(SqliteVfs, AFullDiskIsAnErrorAndTheDatabaseStaysWhole) {
    Simulation simulation(1);
    Site& site = simulation.add_site("site");
    simulation.run([&] {
        site.boot([&](sys::World& world) {
            world.files.make_directories("/data");
            const Database database = open_database(world, "FULL");
            execute(database, "CREATE TABLE t (n INTEGER, filling TEXT)");
            site.disk().set_capacity(200'000);
            std::string text;
            int rows = 0;
            try {
                for (; rows < 1000; ++rows) {
                    execute(database, "INSERT INTO t VALUES (1, hex(randomblob(3000)))");
                }
            } catch (const Error& e) {
                text = e.what();
            }
            EXPECT_EQ(text, "database or disk is full");
            site.disk().set_capacity(0);
            EXPECT_EQ(count_rows(database), rows);
        });
        simulation.until_down(site);
    });
}

TEST(SqliteVfs, AnExclusiveDatabaseCannotBeOpenedTwice) {
    Simulation simulation(1);
    simulation.run([&] {
        sys::World& world = simulation.world();
        world.files.make_directories("/data");
        const Database first = open_database(world, "FULL");
        execute(first, "CREATE TABLE t (n INTEGER)");
        EXPECT_THROW(execute(open_database(world, "FULL"), "SELECT * FROM t"), Error);
    });
}

}  // namespace
}  // namespace reviver::sim
