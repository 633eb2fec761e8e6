#include "provider/sources.h"

#include <utility>

namespace reviver::provider {

namespace {

class ListSource : public cim::InstanceSource {
  public:
    ListSource(const cim::Schema& schema, Lister list) : schema_(schema), list_(std::move(list)) {}

    std::vector<cim::Instance> enumerate(const std::string&) override { return list_(); }

    std::optional<cim::Instance> get(const cim::ObjectPath& path) override {
        for (cim::Instance& instance : list_()) {
            if (schema_.path_of(instance).same_object(path)) return std::move(instance);
        }
        return std::nullopt;
    }

  private:
    const cim::Schema& schema_;
    Lister list_;
};

}  // namespace

void bind_list(cim::Registry& registry, const std::string& class_name, Lister list) {
    registry.bind_class(class_name,
                        std::make_shared<ListSource>(registry.schema(), std::move(list)));
}

cim::Value datetime_of(sys::WallTime time) {
    if (time == sys::WallTime{}) return {};
    return cim::DateTime::at(time.time_since_epoch().count());
}

}  // namespace reviver::provider
