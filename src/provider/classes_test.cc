// docs/classes.md against what is bound.

#include "provider/test_site.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace reviver::provider {
namespace {

using Names = std::set<std::string>;

struct Page {
    Names cluster, single, without_instances;
};

// Rows of the first table are "| `Class` | where | what |", of the second "| `Class` | why |";
// where is "C", "V" or "C, V".
Page read_page() {
    Page page;
    std::ifstream file(std::string(REVIVER_DOCS) + "/classes.md");
    for (std::string line; std::getline(file, line);) {
        const auto end = line.find("` | ");
        if (!line.starts_with("| `") || end == std::string::npos) continue;
        const std::string name = line.substr(3, end - 3);
        const std::string rest = line.substr(end + 4);
        const std::string where = rest.substr(0, rest.find(" | "));
        if (where.find_first_not_of("CV, ") != std::string::npos) {
            page.without_instances.insert(name);
            continue;
        }
        if (where.find('C') != std::string::npos) page.cluster.insert(name);
        if (where.find('V') != std::string::npos) page.single.insert(name);
    }
    return page;
}

Names bound_classes(const cim::Registry& registry) {
    Names result;
    for (const cim::Class& each : registry.schema().classes()) {
        if (registry.source_of(each) != nullptr) result.insert(each.name);
    }
    return result;
}

TEST(Classes, ThePageNamesWhatIsShownAndWhere) {
    const TestSite site;
    const Page page = read_page();
    EXPECT_EQ(page.cluster, bound_classes(site.cluster));
    EXPECT_EQ(page.single, bound_classes(site.single));
}

TEST(Classes, WhatHasNoInstancesIsDeclaredAndNotBound) {
    const TestSite site;
    const Names bound = bound_classes(site.cluster), bound_single = bound_classes(site.single);
    const Page page = read_page();
    EXPECT_GT(page.without_instances.size(), 5u);
    for (const std::string& name : page.without_instances) {
        const bool declared = site.cluster.schema().find(name) != nullptr ||
                              site.single.schema().find(name) != nullptr;
        EXPECT_TRUE(declared) << name;
        EXPECT_FALSE(bound.contains(name) || bound_single.contains(name)) << name;
    }
}

// A method that the schema knows and nobody answers would be a fault instead of a return value.
TEST(Classes, EveryMethodOfEveryServiceIsAnswered) {
    const TestSite site;
    for (const cim::Registry* registry : {&site.cluster, &site.single}) {
        for (const std::string& name : bound_classes(*registry)) {
            const cim::Class& service = registry->schema().get(name);
            if (!registry->schema().derives(name, "CIM_Service")) continue;
            for (const cim::Method& method : service.methods) {
                EXPECT_NE(registry->handler_of(service, method.name), nullptr)
                    << name << "." << method.name;
            }
        }
    }
}

}  // namespace
}  // namespace reviver::provider
