#include "provider/names.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver::provider {
namespace {

const CollectionId id(*Uuid::parse("6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b"));

TEST(Names, AreReadAsTheyAreMade) {
    EXPECT_EQ(collection_of(path_of_collection("Msvm_VirtualSystemCollection", id)), id);
    const PointName point = point_of(path_of_point(id, {17}));
    EXPECT_EQ(point.collection, id);
    EXPECT_EQ(point.sequence, Sequence{17});
    EXPECT_EQ(collection_of_settings(settings_instance_id(id)), id);
    EXPECT_EQ(settings_instance_id(id), "Reviver:6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b\\HVR");
}

TEST(Names, AnythingElseIsAnInvalidParameter) {
    for (const char* text : {"", "Reviver:", "Reviver:6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b\\",
                             "Reviver:6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b\\-1",
                             "Reviver:6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b\\1x", "Microsoft:17"}) {
        const cim::ObjectPath path("Msvm_CollectionRecoveryPoint", {{"InstanceID", text}});
        try {
            point_of(path);
            FAIL() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::invalid_parameter);
        }
    }
    EXPECT_THROW(collection_of(cim::ObjectPath("Msvm_VirtualSystemCollection")), Error);
    EXPECT_FALSE(collection_of_settings("Reviver:x\\HVR"));
}

}  // namespace
}  // namespace reviver::provider
