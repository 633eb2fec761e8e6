#include "store/names.h"

#include "base/error.h"
#include "store/limits.h"

#include <algorithm>
#include <charconv>

namespace reviver::store {
namespace {

constexpr std::string_view layer_suffix = ".qcow2";
constexpr std::string_view incoming_prefix = "incoming-";
constexpr std::string_view merging_prefix = "merging-";

std::optional<Sequence> parse_point(std::string_view text) {
    if (text.size() < 2 || text[0] != 'p' || text[1] == '0') return std::nullopt;
    Sequence sequence;
    const auto [end, error] =
        std::from_chars(text.data() + 1, text.data() + text.size(), sequence.value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return sequence;
}

bool is_target_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

}  // namespace

std::string text_of(const FileName& name) {
    switch (name.kind) {
        case FileKind::base:
            return "base.raw";
        case FileKind::base_sums:
            return "base.sums";
        case FileKind::layer:
            return fmt::format("p{}{}", name.sequence.value, layer_suffix);
        case FileKind::incoming:
            return fmt::format("{}{}{}", incoming_prefix, name.receive.text(), layer_suffix);
        case FileKind::merging:
            return fmt::format("{}p{}{}", merging_prefix, name.sequence.value, layer_suffix);
    }
    fail(Code::failed, "unknown kind of file {}", int(name.kind));
}

std::optional<FileName> parse_file_name(std::string_view text) {
    if (text == base_name()) return FileName{FileKind::base};
    if (text == sums_name()) return FileName{FileKind::base_sums};
    if (!text.ends_with(layer_suffix)) return std::nullopt;
    text.remove_suffix(layer_suffix.size());
    if (text.starts_with(incoming_prefix)) {
        const auto receive = ReceiveId::parse(text.substr(incoming_prefix.size()));
        if (!receive) return std::nullopt;
        return FileName{FileKind::incoming, {}, *receive};
    }
    const bool merging = text.starts_with(merging_prefix);
    if (merging) text.remove_prefix(merging_prefix.size());
    const auto sequence = parse_point(text);
    if (!sequence) return std::nullopt;
    return FileName{merging ? FileKind::merging : FileKind::layer, *sequence};
}

std::string life_name(std::string_view name, unsigned life) {
    return life == 1 ? std::string(name) : fmt::format("{}.{}", name, life);
}

void check_target(std::string_view target) {
    if (target.empty() || target.size() > target_length_max ||
        !std::all_of(target.begin(), target.end(), is_target_character))
        fail(Code::invalid_parameter,
             "\"{}\" is no target name of a disk: at most {} letters, digits, '_' and '-'", target,
             target_length_max);
}

}  // namespace reviver::store
