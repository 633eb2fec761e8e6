// SQLite, as little of it as the manifest needs: statements, transactions, errors as Error.
//
// The database is opened for this process alone (in_use for a second one), with a write-ahead log
// and synchronous=FULL: when COMMIT has returned, the transaction is durable. One task at a time
// may use a Database and its Statements.
#pragma once

#include "sys/files.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace reviver::store {

class Statement {
  public:
    Statement(sqlite3* database, std::string_view sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    // Gives the next '?' its value.
    Statement& bind(std::uint64_t value);
    Statement& bind(std::int64_t value);
    Statement& bind(std::string_view text);

    bool step();  // true: there is a row
    void run();   // to the end, for what has no rows

    std::int64_t integer(int column) const;
    std::uint64_t number(int column) const;
    std::string text(int column) const;
    bool is_null(int column) const;

  private:
    void check(int result) const;

    sqlite3* database_;
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
};

class Database {
  public:
    // Opens or makes the file.
    Database(sys::Files& files, const sys::Path& path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    Statement prepare(std::string_view sql) { return Statement(database_, sql); }
    template <class... Values>
    void run(std::string_view sql, const Values&... values) {
        Statement statement(database_, sql);
        (statement.bind(values), ...);
        statement.run();
    }
    void run_script(const char* sql);
    std::int64_t last_row_id() const;

    // What happens between its making and commit() is one; without commit() nothing happened.
    class Transaction {
      public:
        explicit Transaction(Database& database);
        ~Transaction();
        Transaction(const Transaction&) = delete;
        Transaction& operator=(const Transaction&) = delete;
        void commit();

      private:
        Database& database_;
        bool open_ = true;
    };

  private:
    sqlite3* database_ = nullptr;
};

}  // namespace reviver::store
