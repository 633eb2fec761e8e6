#include "server/door.h"

#include <gtest/gtest.h>

namespace reviver::server {
namespace {

class SilentDoor : public Door {
  public:
    unsigned refuse_before_body(const HttpRequest&) const override { return 0; }
    HttpReply handle(const HttpRequest&, const cim::Principal&) override { return {}; }
};

TEST(Router, LeadsToWhatIsBelowAPath) {
    const auto api = std::make_shared<SilentDoor>();
    const auto inner = std::make_shared<SilentDoor>();
    Router router;
    router.add_below("/api/v1", api);
    router.add("/api/v1/inner", inner);
    for (const char* path : {"/api/v1", "/api/v1/", "/api/v1/x", "/api/v1/x/y/", "/api/v1//"}) {
        EXPECT_EQ(router.door_to(path), api.get()) << path;
    }
    EXPECT_EQ(router.door_to("/api/v1/inner"), inner.get());
    EXPECT_EQ(router.door_to("/api/v1/inner/"), inner.get());
    for (const char* path : {"/", "", "/api", "/api/v10", "/api/v2/x", "/x/api/v1/"}) {
        EXPECT_EQ(router.door_to(path), nullptr) << path;
    }
}

TEST(Door, SaysWhichMethodIsServed) {
    const SilentDoor door;
    EXPECT_EQ(door.refusal(405, {}).fields.at("Allow"), "POST");
    EXPECT_EQ(door.refusal(415, {}).status, 415u);
    EXPECT_EQ(door.refusal(501, {}).status, 501u);
}

}  // namespace
}  // namespace reviver::server
