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

}  // namespace

std::shared_ptr<const Schema> load_hyperv_cluster_schema() {
    auto schema = std::make_shared<Schema>(hyperv_cluster_namespace);
    read_mof(*schema, "hypervcluster_v2.mof", text_of_file);
    schema->resolve();
    return schema;
}

}  // namespace reviver::cim
