#include "capture/bitmap_transaction.h"

#include "qemu/qmp_json.h"

namespace reviver::capture {

namespace json = boost::json;

struct BitmapTransaction::Actions {
    json::array list;

    void append(std::string_view type, json::object data) {
        list.push_back(json::object{{"type", type}, {"data", std::move(data)}});
    }
};

BitmapTransaction::BitmapTransaction() : actions_(std::make_unique<Actions>()) {}
BitmapTransaction::~BitmapTransaction() = default;

void BitmapTransaction::add(const std::string& node, const NewBitmap& bitmap) {
    actions_->append("block-dirty-bitmap-add", {{"node", node},
                                                {"name", bitmap.name},
                                                {"granularity", bitmap.granularity_bytes},
                                                {"persistent", bitmap.persistent},
                                                {"disabled", !bitmap.recording}});
}

void BitmapTransaction::enable(const std::string& node, const std::string& bitmap) {
    actions_->append("block-dirty-bitmap-enable", {{"node", node}, {"name", bitmap}});
}

void BitmapTransaction::disable(const std::string& node, const std::string& bitmap) {
    actions_->append("block-dirty-bitmap-disable", {{"node", node}, {"name", bitmap}});
}

void BitmapTransaction::merge(const std::string& node, const std::string& target,
                              const std::vector<std::string>& sources) {
    json::array names(sources.begin(), sources.end());
    actions_->append("block-dirty-bitmap-merge",
                     {{"node", node}, {"target", target}, {"bitmaps", std::move(names)}});
}

void BitmapTransaction::remove(const std::string& node, const std::string& bitmap) {
    actions_->append("block-dirty-bitmap-remove", {{"node", node}, {"name", bitmap}});
}

void BitmapTransaction::run(const qemu::Qmp& qmp) {
    if (actions_->list.empty()) return;
    qemu::call(qmp, "transaction", {{"actions", actions_->list}});
}

}  // namespace reviver::capture
