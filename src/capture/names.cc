#include "capture/names.h"

#include "base/checksum.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace reviver::capture {

namespace {

constexpr std::string_view bulk_word = "-bulk-";
constexpr std::array<std::pair<NodeKind, std::string_view>, 3> node_words = {{
    {NodeKind::scratch, "scratch"},
    {NodeKind::copy_before_write, "cbw"},
    {NodeKind::snapshot, "snap"},
}};

std::string_view word_of(NodeKind kind) {
    for (const auto& [k, word] : node_words)
        if (k == kind) return word;
    return {};
}

std::string_view word_of(ExportKind kind) {
    switch (kind) {
        case ExportKind::live:
            return "live";
        case ExportKind::cut:
            return "cut";
        case ExportKind::changes:
            return "changes";
    }
    return {};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string bitmap_prefix(CollectionId collection, const DiskKey& disk) {
    return fmt::format("{}{:016x}-", name_prefix(collection), xxh3(bytes_of(disk.text())));
}

}  // namespace

std::string name_prefix(CollectionId collection) {
    return fmt::format("reviver-{}-", collection.text().substr(0, 8));
}

std::string bitmap_name(CollectionId collection, const DiskKey& disk, const BitmapMark& mark) {
    return fmt::format("{}{}{}{}", bitmap_prefix(collection, disk), mark.since.value,
                       mark.bulk.empty() ? "" : bulk_word, mark.bulk);
}

std::optional<BitmapMark> parse_bitmap_name(CollectionId collection, const DiskKey& disk,
                                            std::string_view name) {
    const auto prefix = bitmap_prefix(collection, disk);
    if (!name.starts_with(prefix)) return std::nullopt;
    name.remove_prefix(prefix.size());
    BitmapMark mark;
    if (const auto word = name.find(bulk_word); word != name.npos) {
        mark.bulk = name.substr(word + bulk_word.size());
        name = name.substr(0, word);
        if (mark.bulk.empty()) return std::nullopt;
    }
    const auto number = parse_number(name);
    if (!number) return std::nullopt;
    mark.since = Sequence{*number};
    return mark;
}

std::string node_name(CollectionId collection, NodeKind kind, std::size_t disk) {
    return fmt::format("{}{}{}", name_prefix(collection), word_of(kind), disk);
}

std::optional<NodeKind> parse_node_name(CollectionId collection, std::string_view name) {
    const auto prefix = name_prefix(collection);
    if (!name.starts_with(prefix)) return std::nullopt;
    name.remove_prefix(prefix.size());
    for (const auto& [kind, word] : node_words)
        if (name.starts_with(word) && parse_number(name.substr(word.size()))) return kind;
    return std::nullopt;
}

std::string export_id(CollectionId collection, ExportKind kind, std::size_t disk) {
    return fmt::format("{}{}{}", name_prefix(collection), word_of(kind), disk);
}

std::string question_bitmap_name(CollectionId collection) {
    return name_prefix(collection) + "question";
}

}  // namespace reviver::capture
