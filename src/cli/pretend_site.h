// A site that answers from a table: the real protocol on both ends and the real classes, in one
// process, and behind them instances and methods that a test puts there.
#pragma once

#include "cim/builtin_schema.h"
#include "cim/object_manager.h"
#include "cim/wsman_client.h"
#include "server/wsman_door.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reviver::cli {

class PretendSite {
  public:
    using Instances = std::vector<cim::Instance>;
    using Answer = std::function<cim::MethodResult(const cim::Call&)>;

    PretendSite() : registry_(schema_) {}

    // Every instance of the class, now and when a test changes it later.
    Instances& instances(const std::string& class_name) {
        auto known = sources_.find(class_name);
        if (known == sources_.end()) {
            auto source = std::make_shared<Source>();
            source->schema = schema_.get();
            registry_.bind_class(class_name, source);
            known = sources_.emplace(class_name, source).first;
        }
        return known->second->all;
    }
    void answer(const std::string& class_name, const std::string& method, Answer answer) {
        registry_.bind_method(class_name, method, std::move(answer));
    }

    // After this nothing is bound any more.
    cim::Transport open() {
        auto roles = std::make_shared<cim::RoleAuthorizer>();
        auto objects = std::make_shared<cim::ObjectManager>(roles);
        objects->add_namespace(std::move(registry_));
        auto door = std::make_shared<server::WsmanDoor>(objects, server::DoorOptions{});
        cim::Principal administrator("admin", {cim::Role::administrator});
        return [door, administrator](const std::string& content_type, const std::string& body) {
            server::HttpRequest request;
            request.method = "POST";
            request.path = "/wsman";
            request.fields["Content-Type"] = content_type;
            request.body = body;
            server::HttpReply reply = door->handle(request, administrator);
            return cim::TransportReply{reply.status, reply.body};
        };
    }

  private:
    struct Source : cim::InstanceSource {
        const cim::Schema* schema = nullptr;
        Instances all;
        Instances enumerate(const std::string&) override { return all; }
        std::optional<cim::Instance> get(const cim::ObjectPath& path) override {
            for (const cim::Instance& each : all) {
                if (schema->path_of(each).same_object(path)) return each;
            }
            return std::nullopt;
        }
    };

    std::shared_ptr<const cim::Schema> schema_ = cim::load_hyperv_cluster_schema();
    cim::Registry registry_;
    std::map<std::string, std::shared_ptr<Source>> sources_;
};

}  // namespace reviver::cli
