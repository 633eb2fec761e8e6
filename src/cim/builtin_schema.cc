#include "cim/builtin_schema.h"

#include "base/error.h"
#include "cim/mof_files.h"
#include "cim/mof_parser.h"

namespace reviver::cim {

namespace {

std::string text_of_file(const std::string& name) {
    for (const MofFile& file : mof_files()) {
        if (file.name == name) return std::string(file.text);
    }
    fail(Code::not_found, "there is no schema file {}", name);
}

std::shared_ptr<const Schema> load(const char* name_space, const char* file) {
    auto schema = std::make_shared<Schema>(name_space);
    read_mof(*schema, file, text_of_file);
    schema->resolve();
    return schema;
}

}  // namespace

std::shared_ptr<const Schema> load_hyperv_cluster_schema() {
    return load(hyperv_cluster_namespace, "hypervcluster_v2.mof");
}

std::shared_ptr<const Schema> load_virtualization_schema() {
    return load(virtualization_namespace, "virtualization_v2.mof");
}

std::shared_ptr<const Schema> load_interop_schema(const char* name_space) {
    return load(name_space, "interop.mof");
}

}  // namespace reviver::cim
