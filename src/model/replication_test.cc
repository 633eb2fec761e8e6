#include "model/replication.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver {
namespace {

// They stand in tables, logs and labels of metrics, where a line end in one begins another line.
TEST(RequireName, TakesWhatHasNoControlCharacters) {
    for (const std::string& name : {std::string("shop"), std::string("Gr\xc3\xb6\xc3\x9f\x65 1/2"),
                                    std::string(limits::name_characters_max, 'a')})
        EXPECT_NO_THROW(require_name("a collection", name)) << name;
    for (const std::string& name :
         {std::string(), std::string("a\nshop  1"), std::string("a\x1b[31m"),
          std::string("a\xc2\x9b"), std::string("a\0b", 3),
          std::string(limits::name_characters_max + 1, 'a')})
        EXPECT_THROW(require_name("a collection", name), Error) << name;
}

}  // namespace
}  // namespace reviver
