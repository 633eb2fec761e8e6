#include "qemu/image_tool.h"

#include "base/error.h"
#include "qemu/qmp_json.h"

namespace reviver::qemu {

namespace json = boost::json;

namespace {

// A path that begins like "nbd:" or "json:" would be taken for a protocol: absolute paths never
// are.
std::string argument(const Path& path) {
    return std::filesystem::absolute(path).string();
}

void require_image(const Path& image) {
    std::error_code error;
    if (!std::filesystem::exists(image, error)) {
        fail(Code::not_found, "there is no image {}", image.string());
    }
}

SavedBitmap bitmap_of(const json::object& from) {
    SavedBitmap bitmap;
    bitmap.name = string_field(from, "name");
    bitmap.granularity_bytes = number_field(from, "granularity");
    for (const json::value& flag : array_of(field(from, "flags"))) {
        if (flag == "in-use") bitmap.in_use = true;
        if (flag == "auto") bitmap.recording = true;
    }
    return bitmap;
}

void add_qcow2_facts(const json::object& image, ImageInfo& info) {
    const json::value* specific = image.if_contains("format-specific");
    if (specific == nullptr || info.format != "qcow2") return;
    const json::object& data = object_of(field(object_of(*specific), "data"));
    info.corrupt = bool_field_or(data, "corrupt", false);
    if (const json::value* bitmaps = data.if_contains("bitmaps")) {
        for (const json::value& bitmap : array_of(*bitmaps)) {
            info.bitmaps.push_back(bitmap_of(object_of(bitmap)));
        }
    }
}

ImageInfo info_of(const json::object& from) {
    ImageInfo info;
    info.format = string_field(from, "format");
    info.size_bytes = number_field(from, "virtual-size");
    info.disk_bytes = number_field_or(from, "actual-size", 0);
    info.backing_file = string_field_or(from, "backing-filename", "");
    info.backing_format = string_field_or(from, "backing-filename-format", "");
    info.backing_path = string_field_or(from, "full-backing-filename", info.backing_file);
    add_qcow2_facts(from, info);
    return info;
}

std::string query(const Path& image, const std::string& format, bool whole_chain) {
    require_image(image);
    Command command{"qemu-img", "info", "-U", "--output=json", "-f", format};
    if (whole_chain) command.push_back("--backing-chain");
    command.push_back(argument(image));
    Finished finished = run(command);
    if (finished.exit_status == 0) return std::move(finished.output);
    const bool other = finished.errors.find("not in") != std::string::npos;
    fail(other ? Code::corrupt : Code::failed, "qemu-img info: {}", finished.errors);
}

}  // namespace

ImageInfo image_info(const Path& image, const std::string& format) {
    return info_of(object_of(parse_json(query(image, format, false))));
}

std::vector<ImageInfo> chain_info(const Path& top, const std::string& format) {
    const json::value answer = parse_json(query(top, format, true));
    std::vector<ImageInfo> chain;
    for (const json::value& image : array_of(answer)) chain.push_back(info_of(object_of(image)));
    return chain;
}

void create_qcow2(const Path& image, std::uint64_t size_bytes) {
    run_checked(
        {"qemu-img", "create", "-q", "-f", "qcow2", argument(image), std::to_string(size_bytes)});
}

void create_overlay(const Path& image, const Path& backing, const std::string& backing_format,
                    std::uint64_t size_bytes) {
    require_image(backing);
    // -u: the backing chain is ours and right; opening it all would cost time for each of its
    // images.
    run_checked({"qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", argument(backing), "-F",
                 backing_format, argument(image), std::to_string(size_bytes)});
}

void add_bitmap(const Path& image, const std::string& name, std::uint64_t granularity_bytes) {
    require_image(image);
    run_checked({"qemu-img", "bitmap", "-f", "qcow2", "--add", "-g",
                 std::to_string(granularity_bytes), argument(image), name});
}

void remove_bitmap(const Path& image, const std::string& name) {
    require_image(image);
    run_checked({"qemu-img", "bitmap", "-f", "qcow2", "--remove", argument(image), name});
}

CheckResult check_image(const Path& image, const std::string& format) {
    require_image(image);
    const Finished finished =
        run({"qemu-img", "check", "-U", "--output=json", "-f", format, argument(image)},
            {.time_max = tool_data_time_max});
    // 0: clean, 2: corruptions, 3: leaks; with 1 the check did not take place.
    if (finished.exit_status != 0 && finished.exit_status != 2 && finished.exit_status != 3) {
        fail(Code::corrupt, "{} cannot be checked: {}", image.string(), finished.errors);
    }
    const json::value parsed = parse_json(finished.output);
    const json::object& answer = object_of(parsed);
    return {number_field_or(answer, "corruptions", 0), number_field_or(answer, "leaks", 0),
            number_field(answer, "check-errors")};
}

bool same_content(const Path& a, const std::string& a_format, const Path& b,
                  const std::string& b_format) {
    require_image(a);
    require_image(b);
    const Finished finished = run({"qemu-img", "compare", "-U", "-q", "-f", a_format, "-F",
                                   b_format, argument(a), argument(b)},
                                  {.time_max = tool_data_time_max});
    if (finished.exit_status > 1) fail(Code::failed, "qemu-img compare: {}", finished.errors);
    return finished.exit_status == 0;
}

}  // namespace reviver::qemu
