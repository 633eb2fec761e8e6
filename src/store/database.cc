#include "store/database.h"

#include "base/check.h"
#include "base/error.h"

#include <sqlite3.h>

namespace reviver::store {
namespace {

Code code_of(int result) {
    switch (result & 0xff) {
        case SQLITE_FULL:
            return Code::no_space;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Code::corrupt;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Code::in_use;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return Code::access_denied;
        case SQLITE_NOMEM:
            return Code::out_of_memory;
        default:
            return Code::failed;
    }
}

[[noreturn]] void fail_sqlite(sqlite3* database, int result) {
    fail(code_of(result), "the manifest: {}",
         database == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(database));
}

void run_quietly(sqlite3* database, const char* sql) {
    sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
    check(sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_,
                             nullptr));
}

Statement::~Statement() {
    sqlite3_finalize(statement_);
}

void Statement::check(int result) const {
    if (result != SQLITE_OK) fail_sqlite(database_, result);
}

Statement& Statement::bind(std::uint64_t value) {
    return bind(static_cast<std::int64_t>(value));
}

Statement& Statement::bind(std::int64_t value) {
    check(sqlite3_bind_int64(statement_, ++bound_, value));
    return *this;
}

Statement& Statement::bind(std::string_view text) {
    check(sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                              SQLITE_UTF8));
    return *this;
}

bool Statement::step() {
    const int result = sqlite3_step(statement_);
    if (result == SQLITE_ROW) return true;
    if (result != SQLITE_DONE) fail_sqlite(database_, result);
    return false;
}

void Statement::run() {
    while (step()) {
    }
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::uint64_t Statement::number(int column) const {
    return static_cast<std::uint64_t>(integer(column));
}

std::string Statement::text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    const int length = sqlite3_column_bytes(statement_, column);
    return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(length));
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Database::Database(sys::Files& files, const sys::Path& path) {
    // No mutex of SQLite's: it would be held while the file system waits. Whoever has a Database
    // sees to it that one task uses it.
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int result = sqlite3_open_v2(path.c_str(), &database_, flags, files.sqlite_vfs());
    try {
        if (result != SQLITE_OK) fail_sqlite(database_, result);
        // With the exclusive mode set before the log is first used, no shared memory is needed.
        run_script(
            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA foreign_keys=ON; BEGIN IMMEDIATE; COMMIT;");
    } catch (Error& error) {
        sqlite3_close_v2(database_);
        error.add_context(path.string());
        throw;
    }
}

Database::~Database() {
    sqlite3_close_v2(database_);
}

void Database::run_script(const char* sql) {
    const int result = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) fail_sqlite(database_, result);
}

std::int64_t Database::last_row_id() const {
    return sqlite3_last_insert_rowid(database_);
}

Database::Transaction::Transaction(Database& database) : database_(database) {
    database_.run_script("BEGIN IMMEDIATE");
}

Database::Transaction::~Transaction() {
    if (open_) run_quietly(database_.database_, "ROLLBACK");
}

void Database::Transaction::commit() {
    REVIVER_CHECK(open_);
    database_.run_script("COMMIT");
    open_ = false;
}

}  // namespace reviver::store
