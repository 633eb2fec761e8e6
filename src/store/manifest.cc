#include "store/manifest.h"

#include "base/error.h"

#include <algorithm>

namespace reviver::store {
namespace {

// docs/formats/store.md explains every column.
constexpr const char* schema = R"sql(
BEGIN IMMEDIATE;
CREATE TABLE collection (
    id TEXT PRIMARY KEY,
    directory TEXT NOT NULL UNIQUE
) WITHOUT ROWID;
CREATE TABLE released (
    directory TEXT PRIMARY KEY,
    collection TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE disk (
    id INTEGER PRIMARY KEY,
    collection TEXT NOT NULL REFERENCES collection(id) ON DELETE CASCADE,
    vm TEXT NOT NULL,
    target TEXT NOT NULL,
    directory TEXT NOT NULL,
    adopted_path TEXT,
    adopted_format TEXT,
    sums_behind INTEGER NOT NULL DEFAULT 0,
    folding INTEGER,
    UNIQUE (collection, directory)
);
CREATE TABLE point (
    collection TEXT NOT NULL REFERENCES collection(id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    cut TEXT NOT NULL,
    receive TEXT NOT NULL,
    kind INTEGER NOT NULL,
    consistency INTEGER NOT NULL,
    cut_us INTEGER NOT NULL,
    committed_us INTEGER NOT NULL,
    PRIMARY KEY (collection, sequence)
) WITHOUT ROWID;
CREATE TABLE point_vm (
    collection TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    vm TEXT NOT NULL,
    name TEXT NOT NULL,
    xml TEXT NOT NULL,
    PRIMARY KEY (collection, sequence, ordinal),
    FOREIGN KEY (collection, sequence) REFERENCES point(collection, sequence) ON DELETE CASCADE
);
CREATE TABLE layer (
    disk INTEGER NOT NULL REFERENCES disk(id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    PRIMARY KEY (disk, sequence)
) WITHOUT ROWID;
CREATE TABLE pin (
    collection TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (collection, sequence, reason),
    FOREIGN KEY (collection, sequence) REFERENCES point(collection, sequence) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE receive (
    collection TEXT PRIMARY KEY REFERENCES collection(id) ON DELETE CASCADE,
    id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE receive_disk (
    collection TEXT NOT NULL REFERENCES receive(collection) ON DELETE CASCADE,
    disk INTEGER NOT NULL REFERENCES disk(id) ON DELETE CASCADE,
    bulk_done INTEGER NOT NULL,
    PRIMARY KEY (collection, disk)
) WITHOUT ROWID;
PRAGMA user_version = 2;
COMMIT;
)sql";
static_assert(manifest_format == 2, "the script above makes format 2");

// Came later, and who does not know it may pass over it: it only saves copying again.
constexpr const char* later_schema = R"sql(
CREATE TABLE IF NOT EXISTS disk_copy (
    disk INTEGER PRIMARY KEY REFERENCES disk(id) ON DELETE CASCADE,
    copy INTEGER NOT NULL,
    done INTEGER NOT NULL
);
)sql";

template <class IdType>
IdType id_of(const std::string& text) {
    const auto id = IdType::parse(text);
    if (!id) fail(Code::corrupt, "the manifest has \"{}\" where an id belongs", text);
    return *id;
}

sys::WallTime time_of(std::int64_t microseconds) {
    return sys::WallTime(sys::Duration(microseconds));
}

std::int64_t microseconds_of(sys::WallTime time) {
    return time.time_since_epoch().count();
}

void make_or_check(Database& database) {
    Statement version = database.prepare("PRAGMA user_version");
    version.step();
    const std::int64_t found = version.integer(0);
    version.run();
    if (found > manifest_format)
        fail(Code::not_supported,
             "the store has format {}, and this version knows up to {}: install a newer Reviver",
             found, manifest_format);
    if (found == 0) database.run_script(schema);
    if (found == 1) database.run_script("PRAGMA user_version = 2;");
    database.run_script(later_schema);
}

// Fills in what follows from the layers: which disks a point has, and what it takes.
void describe(PointRow& point, const std::vector<DiskRow>& disks) {
    std::vector<std::pair<std::uint32_t, DiskShape>> shapes;
    for (const DiskRow& disk : disks)
        if (const LayerRow* layer = disk.layer(point.info.sequence)) {
            shapes.push_back({layer->ordinal, {disk.key, layer->size_bytes}});
            point.info.size_bytes += layer->stored_bytes;
        }
    std::ranges::sort(shapes, {}, [](const auto& shape) { return shape.first; });
    for (auto& [ordinal, shape] : shapes) point.info.disks.push_back(std::move(shape));
}

}  // namespace

const LayerRow* DiskRow::layer(Sequence sequence) const {
    const auto found = std::ranges::find(layers, sequence, &LayerRow::sequence);
    return found == layers.end() ? nullptr : &*found;
}

const PointRow* CollectionRow::point(Sequence sequence) const {
    for (const PointRow& point : points)
        if (point.info.sequence == sequence) return &point;
    return nullptr;
}

const DiskRow* CollectionRow::disk(DiskId disk_id) const {
    const auto found = std::ranges::find(disks, disk_id, &DiskRow::id);
    return found == disks.end() ? nullptr : &*found;
}

const DiskRow* CollectionRow::disk_at(Sequence sequence, const DiskKey& key) const {
    for (const DiskRow& disk : disks)
        if (disk.key == key && disk.layer(sequence) != nullptr) return &disk;
    return nullptr;
}

const DiskRow* CollectionRow::unborn_disk(const DiskKey& key) const {
    for (const DiskRow& disk : disks)
        if (disk.key == key && disk.layers.empty()) return &disk;
    return nullptr;
}

Manifest::Manifest(sys::World& world, const sys::Path& path)
    : turn_(world), database_(world.files, path) {
    make_or_check(database_);
    // SQLite syncs what it writes; the names of its files are ours to make durable.
    world.files.sync_directory(path.parent_path());
}

template <class Change>
void Manifest::change(const Change& make) {
    const auto turn = turn_.take();
    Database::Transaction transaction(database_);
    make();
    transaction.commit();
}

std::vector<CollectionId> Manifest::collections() {
    const auto turn = turn_.take();
    std::vector<CollectionId> ids;
    Statement select = database_.prepare("SELECT id FROM collection ORDER BY id");
    while (select.step()) ids.push_back(id_of<CollectionId>(select.text(0)));
    return ids;
}

std::vector<std::pair<std::string, CollectionId>> Manifest::released() {
    const auto turn = turn_.take();
    std::vector<std::pair<std::string, CollectionId>> list;
    Statement select = database_.prepare("SELECT directory, collection FROM released");
    while (select.step()) list.push_back({select.text(0), id_of<CollectionId>(select.text(1))});
    return list;
}

std::optional<CollectionRow> Manifest::load(CollectionId collection) {
    const auto turn = turn_.take();
    Statement select = database_.prepare("SELECT directory FROM collection WHERE id = ?");
    select.bind(collection.text());
    if (!select.step()) return std::nullopt;
    CollectionRow row;
    row.id = collection;
    row.directory = select.text(0);
    row.disks = load_disks(collection);
    row.points = load_points(collection);
    for (PointRow& point : row.points) describe(point, row.disks);
    row.receive = load_receive(collection);
    return row;
}

std::vector<DiskRow> Manifest::load_disks(CollectionId collection) {
    std::vector<DiskRow> disks;
    Statement select = database_.prepare(
        "SELECT id, vm, target, directory, adopted_path, adopted_format, sums_behind, folding,"
        " copy, done FROM disk LEFT JOIN disk_copy ON disk_copy.disk = disk.id"
        " WHERE collection = ? ORDER BY id");
    select.bind(collection.text());
    while (select.step()) {
        DiskRow disk{
            select.integer(0), {id_of<VmId>(select.text(1)), select.text(2)}, select.text(3)};
        if (!select.is_null(4)) disk.adopted_path = select.text(4);
        disk.adopted_format = select.text(5);
        disk.sums_behind = select.integer(6) != 0;
        if (!select.is_null(7)) disk.folding = Sequence{select.number(7)};
        if (!select.is_null(8)) disk.copy = static_cast<std::uint64_t>(select.integer(8));
        if (!select.is_null(9)) disk.copy_done = select.number(9);
        disk.layers = load_layers(disk.id);
        disks.push_back(std::move(disk));
    }
    return disks;
}

std::vector<LayerRow> Manifest::load_layers(DiskId disk) {
    std::vector<LayerRow> layers;
    Statement select = database_.prepare(
        "SELECT sequence, size_bytes, stored_bytes, ordinal FROM layer WHERE disk = ?"
        " ORDER BY sequence");
    select.bind(disk);
    while (select.step())
        layers.push_back({{select.number(0)},
                          select.number(1),
                          select.number(2),
                          static_cast<std::uint32_t>(select.number(3))});
    return layers;
}

std::vector<PointRow> Manifest::load_points(CollectionId collection) {
    std::vector<PointRow> points;
    Statement select = database_.prepare(
        "SELECT sequence, epoch, cut, receive, kind, consistency, cut_us, committed_us FROM point"
        " WHERE collection = ? ORDER BY sequence");
    select.bind(collection.text());
    while (select.step()) {
        PointRow point;
        point.info.sequence = {select.number(0)};
        point.info.epoch = {select.number(1)};
        point.info.cut = id_of<CutId>(select.text(2));
        point.receive = id_of<ReceiveId>(select.text(3));
        point.info.kind = static_cast<PointKind>(select.integer(4));
        point.info.consistency = static_cast<Consistency>(select.integer(5));
        point.info.cut_time = time_of(select.integer(6));
        point.info.committed_time = time_of(select.integer(7));
        points.push_back(std::move(point));
    }
    Statement pins = database_.prepare(
        "SELECT sequence, reason FROM pin WHERE collection = ? ORDER BY sequence, reason");
    pins.bind(collection.text());
    while (pins.step())
        for (PointRow& point : points)
            if (point.info.sequence.value == pins.number(0)) point.pins.push_back(pins.text(1));
    return points;
}

std::vector<VmDefinition> Manifest::vms(CollectionId collection, Sequence sequence) {
    const auto turn = turn_.take();
    std::vector<VmDefinition> definitions;
    Statement select = database_.prepare(
        "SELECT vm, name, xml FROM point_vm WHERE collection = ? AND sequence = ? ORDER BY "
        "ordinal");
    select.bind(collection.text()).bind(sequence.value);
    while (select.step())
        definitions.push_back({id_of<VmId>(select.text(0)), select.text(1), select.text(2)});
    return definitions;
}

std::optional<ReceiveRow> Manifest::load_receive(CollectionId collection) {
    Statement select = database_.prepare("SELECT id FROM receive WHERE collection = ?");
    select.bind(collection.text());
    if (!select.step()) return std::nullopt;
    ReceiveRow row{id_of<ReceiveId>(select.text(0)), {}};
    Statement disks =
        database_.prepare("SELECT disk, bulk_done FROM receive_disk WHERE collection = ?");
    disks.bind(collection.text());
    while (disks.step()) row.bulk_done.push_back({disks.integer(0), disks.number(1)});
    return row;
}

void Manifest::insert_collection(CollectionId collection, const std::string& directory) {
    database_.run("INSERT INTO collection (id, directory) VALUES (?, ?)", collection.text(),
                  directory);
}

DiskId Manifest::insert_disk(CollectionId collection, const DiskRow& disk) {
    database_.run("INSERT INTO disk (collection, vm, target, directory) VALUES (?, ?, ?, ?)",
                  collection.text(), disk.key.vm.text(), disk.key.target, disk.directory);
    const DiskId id = database_.last_row_id();
    if (disk.adopted_path)
        database_.run("UPDATE disk SET adopted_path = ?, adopted_format = ? WHERE id = ?",
                      *disk.adopted_path, disk.adopted_format, id);
    return id;
}

void Manifest::add_collection(CollectionId collection, const std::string& directory) {
    change([&] { insert_collection(collection, directory); });
}

void Manifest::add_disk(CollectionId collection, const DiskRow& disk) {
    change([&] { insert_disk(collection, disk); });
}

void Manifest::adopt(const CollectionRow& adopted, const PointInfo& info,
                     const std::vector<LayerRow>& layers) {
    change([&] {
        const auto points = load_points(adopted.id);
        const bool had_points = !points.empty() && points.back().info.kind != PointKind::seed;
        delete_collection(adopted.id, had_points);
        insert_collection(adopted.id, adopted.directory);
        insert_point(adopted.id, info, ReceiveId());
        insert_vms(adopted.id, info);
        for (std::size_t i = 0; i < layers.size(); ++i)
            insert_layer({insert_disk(adopted.id, adopted.disks[i]), layers[i]});
    });
}

void Manifest::remove_disk(DiskId disk) {
    change([&] { database_.run("DELETE FROM disk WHERE id = ?", disk); });
}

void Manifest::set_sums_behind(const std::vector<DiskId>& disks) {
    change([&] {
        for (const DiskId disk : disks)
            database_.run("UPDATE disk SET sums_behind = 1 WHERE id = ?", disk);
    });
}

// What is written into a base from here on belongs to this copy, or to none.
void Manifest::note_copies(const ReceiveRow& receive) {
    for (std::size_t i = 0; i < receive.copies.size(); ++i) {
        const auto& [disk, bytes] = receive.bulk_done[i];
        if (receive.copies[i] == 0) {
            database_.run("DELETE FROM disk_copy WHERE disk = ?", disk);
        } else {
            database_.run("INSERT OR REPLACE INTO disk_copy (disk, copy, done) VALUES (?, ?, ?)",
                          disk, static_cast<std::int64_t>(receive.copies[i]), bytes);
        }
    }
}

void Manifest::keep_copies(CollectionId collection, const std::vector<DiskKey>& kept) {
    change([&] {
        std::vector<DiskId> given_up;
        Statement select = database_.prepare(
            "SELECT id, vm, target FROM disk JOIN disk_copy ON disk_copy.disk = disk.id"
            " WHERE collection = ?");
        select.bind(collection.text());
        while (select.step()) {
            const DiskKey key{id_of<VmId>(select.text(1)), select.text(2)};
            if (std::ranges::find(kept, key) == kept.end()) given_up.push_back(select.integer(0));
        }
        for (const DiskId disk : given_up)
            database_.run("DELETE FROM disk_copy WHERE disk = ?", disk);
    });
}

void Manifest::begin_receive(CollectionId collection, const ReceiveRow& receive) {
    change([&] {
        database_.run("DELETE FROM receive WHERE collection = ?", collection.text());
        database_.run("INSERT INTO receive (collection, id) VALUES (?, ?)", collection.text(),
                      receive.id.text());
        for (const auto& [disk, bytes] : receive.bulk_done)
            database_.run("INSERT INTO receive_disk (collection, disk, bulk_done) VALUES (?, ?, ?)",
                          collection.text(), disk, bytes);
        note_copies(receive);
    });
}

void Manifest::set_bulk_done(CollectionId collection, const ReceiveRow& receive) {
    change([&] {
        for (const auto& [disk, bytes] : receive.bulk_done)
            database_.run("UPDATE receive_disk SET bulk_done = ? WHERE collection = ? AND disk = ?",
                          bytes, collection.text(), disk);
        note_copies(receive);
    });
}

void Manifest::end_receive(CollectionId collection) {
    change([&] { database_.run("DELETE FROM receive WHERE collection = ?", collection.text()); });
}

void Manifest::insert_point(CollectionId collection, const PointInfo& info, ReceiveId receive) {
    database_.run(
        "INSERT INTO point (collection, sequence, epoch, cut, receive, kind, consistency, cut_us,"
        " committed_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        collection.text(), info.sequence.value, info.epoch.value, info.cut.text(), receive.text(),
        static_cast<std::uint64_t>(info.kind), static_cast<std::uint64_t>(info.consistency),
        microseconds_of(info.cut_time), microseconds_of(info.committed_time));
}

void Manifest::insert_vms(CollectionId collection, const PointInfo& info) {
    std::uint64_t ordinal = 0;
    for (const VmDefinition& vm : info.vms)
        database_.run(
            "INSERT INTO point_vm (collection, sequence, ordinal, vm, name, xml)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            collection.text(), info.sequence.value, ordinal++, vm.id.text(), vm.name,
            vm.domain_xml);
}

void Manifest::insert_layer(const NewLayer& added) {
    const LayerRow& layer = added.layer;
    database_.run(
        "INSERT INTO layer (disk, sequence, ordinal, size_bytes, stored_bytes)"
        " VALUES (?, ?, ?, ?, ?)",
        added.disk, layer.sequence.value, std::uint64_t{layer.ordinal}, layer.size_bytes,
        layer.stored_bytes);
}

void Manifest::add_point(CollectionId collection, const PointInfo& info, ReceiveId receive,
                         const std::vector<NewLayer>& layers) {
    change([&] {
        // COMMIT may have worked although it answered an error; then the point is there.
        Statement there = database_.prepare(
            "SELECT 1 FROM point WHERE collection = ? AND sequence = ? AND cut = ?");
        there.bind(collection.text()).bind(info.sequence.value).bind(info.cut.text());
        if (there.step()) return;
        insert_point(collection, info, receive);
        insert_vms(collection, info);
        for (const auto& [disk, layer] : layers) {
            insert_layer({disk, layer});
            database_.run("UPDATE disk SET sums_behind = 0 WHERE id = ?", disk);
            database_.run("DELETE FROM disk_copy WHERE disk = ?", disk);
        }
        database_.run("DELETE FROM receive WHERE collection = ?", collection.text());
    });
}

void Manifest::remove_points(CollectionId collection, const std::vector<Sequence>& points) {
    change([&] {
        for (const Sequence sequence : points)
            database_.run("DELETE FROM point WHERE collection = ? AND sequence = ?",
                          collection.text(), sequence.value);
    });
}

void Manifest::begin_fold(DiskId disk, Sequence layer) {
    change([&] { database_.run("UPDATE disk SET folding = ? WHERE id = ?", layer.value, disk); });
}

void Manifest::delete_layer(DiskId disk, Sequence sequence) {
    database_.run("DELETE FROM layer WHERE disk = ? AND sequence = ?", disk, sequence.value);
}

void Manifest::replace_layers(DiskId disk, const std::vector<ReplacedLayer>& layers,
                              bool ends_fold) {
    change([&] {
        for (const ReplacedLayer& layer : layers)
            database_.run("UPDATE layer SET stored_bytes = ? WHERE disk = ? AND sequence = ?",
                          layer.stored_bytes, disk, layer.sequence.value);
        if (ends_fold) database_.run("UPDATE disk SET folding = NULL WHERE id = ?", disk);
    });
}

void Manifest::remove_layers(DiskId disk, const std::vector<Sequence>& gone) {
    change([&] {
        for (const Sequence sequence : gone) delete_layer(disk, sequence);
    });
}

void Manifest::pin(CollectionId collection, Sequence sequence, const std::string& reason) {
    change([&] {
        database_.run("INSERT OR IGNORE INTO pin (collection, sequence, reason) VALUES (?, ?, ?)",
                      collection.text(), sequence.value, reason);
    });
}

void Manifest::unpin(CollectionId collection, Sequence sequence, const std::string& reason) {
    change([&] {
        database_.run("DELETE FROM pin WHERE collection = ? AND sequence = ? AND reason = ?",
                      collection.text(), sequence.value, reason);
    });
}

void Manifest::delete_collection(CollectionId collection, bool keep_files) {
    if (keep_files)
        database_.run(
            "INSERT INTO released (directory, collection)"
            " SELECT directory, id FROM collection WHERE id = ?",
            collection.text());
    database_.run("DELETE FROM collection WHERE id = ?", collection.text());
}

void Manifest::remove_collection(CollectionId collection, bool keep_files) {
    change([&] { delete_collection(collection, keep_files); });
}

void Manifest::forget_released(CollectionId collection) {
    change([&] { database_.run("DELETE FROM released WHERE collection = ?", collection.text()); });
}

}  // namespace reviver::store
