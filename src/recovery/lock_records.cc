#include "recovery/lock_records.h"

#include "base/error.h"
#include "recovery/limits.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace reviver::recovery {

namespace json = boost::json;

namespace {

LockRecord record_of(const json::object& from) {
    LockRecord record;
    record.definition = from.at("definition").as_string();
    record.locked = from.at("locked").as_string();
    record.autostart = from.at("autostart").as_bool();
    record.made_here = from.at("made_here").as_bool();
    record.run = from.at("run").as_int64();
    record.saved = from.at("saved").as_string();
    return record;
}

}  // namespace

std::optional<LockRecord> LockRecords::find(VmId vm) {
    if (!files_.exists(path_of(vm))) return std::nullopt;
    const Bytes content = sys::read_file(files_, path_of(vm), record_bytes_max);
    try {
        return record_of(json::parse(text_of(content)).as_object());
    } catch (const std::exception& e) {
        fail(Code::corrupt, "{} is damaged ({}); remove it and the VM keeps the definition it has",
             path_of(vm).string(), e.what());
    }
}

void LockRecords::save(VmId vm, const LockRecord& record) {
    const std::string text = json::serialize(json::object{{"definition", record.definition},
                                                          {"locked", record.locked},
                                                          {"autostart", record.autostart},
                                                          {"made_here", record.made_here},
                                                          {"run", record.run},
                                                          {"saved", record.saved}});
    files_.make_directories(directory_);
    sys::replace_file(files_, path_of(vm), bytes_of(text));
}

void LockRecords::remove(VmId vm) {
    if (!files_.exists(path_of(vm))) return;
    files_.remove(path_of(vm));
    files_.sync_directory(directory_);
}

}  // namespace reviver::recovery
