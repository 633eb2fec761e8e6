// The repository as one SQLite table. WAL with synchronous=FULL: commit() returns after the log is
// on disk, and a crash leaves the documents as after some whole commit. One process owns the file
// (locking_mode=EXCLUSIVE), which also spares shared memory.

#include "base/check.h"
#include "base/error.h"
#include "state/repository.h"
#include "sys/exclusive.h"

#include <sqlite3.h>

#include <mutex>

namespace reviver::state {

void Repository::put(std::string kind, std::string id, std::string text) {
    const Change change{std::move(kind), std::move(id), std::move(text)};
    commit({&change, 1});
}

namespace {

constexpr int format_version = 1;

Code code_of(int result) {
    switch (result & 0xff) {
        case SQLITE_FULL:
            return Code::no_space;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Code::in_use;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Code::corrupt;
        case SQLITE_CANTOPEN:
            return Code::not_found;
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return Code::access_denied;
        default:
            return Code::failed;
    }
}

class Database {
  public:
    Database(sys::Files& files, const sys::Path& path) : path_(path) {
        const int result = sqlite3_open_v2(
            path.c_str(), &handle_,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, files.sqlite_vfs());
        if (result != SQLITE_OK) {
            sqlite3_close(handle_);
            fail(code_of(result), "{}: {}", path.string(), sqlite3_errstr(result));
        }
    }
    ~Database() { sqlite3_close(handle_); }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    void check(int result) const {
        if (result != SQLITE_OK) {
            fail(code_of(result), "{}: {}", path_.string(), sqlite3_errmsg(handle_));
        }
    }
    void run(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }
    sqlite3* handle() const { return handle_; }

  private:
    sys::Path path_;
    sqlite3* handle_ = nullptr;
};

class Statement {
  public:
    Statement(const Database& database, const char* sql) : database_(database) {
        database.check(sqlite3_prepare_v2(database.handle(), sql, -1, &handle_, nullptr));
    }
    ~Statement() { sqlite3_finalize(handle_); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    void bind(int index, const std::string& text) {
        database_.check(sqlite3_bind_text64(handle_, index, text.data(), text.size(),
                                            SQLITE_TRANSIENT, SQLITE_UTF8));
    }
    bool next() {
        const int result = sqlite3_step(handle_);
        if (result != SQLITE_DONE && result != SQLITE_ROW) database_.check(result);
        return result == SQLITE_ROW;
    }
    std::string text(int column) const {
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
        return bytes == nullptr
                   ? std::string()
                   : std::string(bytes,
                                 static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
    }
    int number(int column) const { return sqlite3_column_int(handle_, column); }

  private:
    const Database& database_;
    sqlite3_stmt* handle_ = nullptr;
};

class Transaction {
  public:
    explicit Transaction(Database& database) : database_(database) {
        database_.run("BEGIN IMMEDIATE");
    }
    ~Transaction() {
        if (!done_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit() {
        database_.run("COMMIT");
        done_ = true;
    }

  private:
    Database& database_;
    bool done_ = false;
};

class SqliteRepository : public Repository {
  public:
    SqliteRepository(sys::World& world, const sys::Path& path)
        : turn_(world), database_(world.files, path) {
        database_.run("PRAGMA locking_mode=EXCLUSIVE");
        database_.run("PRAGMA journal_mode=WAL");
        database_.run("PRAGMA synchronous=FULL");
        set_up();
    }

    void commit(std::span<const Change> changes) override {
        for (const Change& change : changes) {
            REVIVER_CHECK(!change.text || change.text->size() <= document_bytes_max);
        }
        auto turn = turn_.take();
        Transaction transaction(database_);
        for (const Change& change : changes) apply(change);
        transaction.commit();
    }

    std::vector<std::pair<std::string, std::string>> list(const std::string& kind) override {
        auto turn = turn_.take();
        Statement select(database_, "SELECT id, text FROM document WHERE kind = ? ORDER BY id");
        select.bind(1, kind);
        std::vector<std::pair<std::string, std::string>> result;
        while (select.next()) result.emplace_back(select.text(0), select.text(1));
        return result;
    }

    std::optional<std::string> get(const std::string& kind, const std::string& id) override {
        auto turn = turn_.take();
        Statement select(database_, "SELECT text FROM document WHERE kind = ? AND id = ?");
        select.bind(1, kind);
        select.bind(2, id);
        if (!select.next()) return std::nullopt;
        return select.text(0);
    }

  private:
    void set_up() {
        int version = 0;
        {
            Statement pragma(database_, "PRAGMA user_version");
            if (pragma.next()) version = pragma.number(0);
        }
        if (version > format_version) {
            fail(Code::not_supported,
                 "the state database has format {}, this version knows {}; run the newer version",
                 version, format_version);
        }
        if (version == format_version) return;
        Transaction transaction(database_);
        database_.run(
            "CREATE TABLE document (kind TEXT NOT NULL, id TEXT NOT NULL, "
            "text TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID");
        database_.run("PRAGMA user_version = 1");
        transaction.commit();
    }

    void apply(const Change& change) {
        Statement statement(database_, change.text
                                           ? "INSERT OR REPLACE INTO document VALUES (?, ?, ?)"
                                           : "DELETE FROM document WHERE kind = ? AND id = ?");
        statement.bind(1, change.kind);
        statement.bind(2, change.id);
        if (change.text) statement.bind(3, *change.text);
        statement.next();
    }

    sys::Exclusive turn_;
    Database database_;
};

}  // namespace

std::unique_ptr<Repository> open_sqlite(sys::World& world, const sys::Path& path) {
    return std::make_unique<SqliteRepository>(world, path);
}

}  // namespace reviver::state
