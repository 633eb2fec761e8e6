// Where a site remembers what it is and does: collections, relationships, jobs, statistics, peers.
// Each is a small text document under a kind and an id; a set of changes becomes true at once and
// durably, or not at all. What the documents say is their writers' business.
//
// On one machine this is a SQLite database in the data directory. Documents are small
// (document_bytes_max) and few (tens of thousands).
#pragma once

#include "sys/files.h"
#include "sys/world.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace reviver::state {

constexpr std::size_t document_bytes_max = 16 << 20;

struct Change {
    std::string kind;
    std::string id;
    std::optional<std::string> text;  // nothing: the document is erased
};

// Any task may call.
class Repository {
  public:
    virtual ~Repository() = default;
    virtual void commit(std::span<const Change> changes) = 0;
    virtual std::vector<std::pair<std::string, std::string>> list(const std::string& kind) = 0;
    virtual std::optional<std::string> get(const std::string& kind, const std::string& id) = 0;

    void put(std::string kind, std::string id, std::string text);
};

// Opens or creates the database. Code::corrupt for a file that is no such database,
// Code::not_supported for one of a newer version.
std::unique_ptr<Repository> open_sqlite(sys::World& world, const sys::Path& path);

}  // namespace reviver::state
