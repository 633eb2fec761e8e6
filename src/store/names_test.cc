#include "store/names.h"

#include "base/error.h"
#include "store/limits.h"

#include <gtest/gtest.h>

namespace reviver::store {
namespace {

TEST(Names, WhatIsMadeIsParsed) {
    const auto receive = *ReceiveId::parse("11111111-2222-4333-8444-555555555555");
    for (const FileName& name :
         {FileName{FileKind::base}, FileName{FileKind::base_sums}, FileName{FileKind::layer, {7}},
          FileName{FileKind::merging, {~0ull}}, FileName{FileKind::incoming, {}, receive}}) {
        EXPECT_EQ(parse_file_name(text_of(name)), name) << text_of(name);
    }
    EXPECT_EQ(layer_name({12}), "p12.qcow2");
    EXPECT_EQ(merging_name({12}), "merging-p12.qcow2");
    EXPECT_EQ(incoming_name(receive), "incoming-11111111-2222-4333-8444-555555555555.qcow2");
    EXPECT_EQ(life_name("vda", 1), "vda");
    EXPECT_EQ(life_name("vda", 2), "vda.2");
}

TEST(Names, WhatIsNotOursIsNotParsed) {
    for (const char* text :
         {"", "p.qcow2", "p0.qcow2", "p01.qcow2", "p-1.qcow2", "p1.qcow", "P1.qcow2",
          "p18446744073709551616.qcow2", "p1x.qcow2", "incoming-.qcow2", "incoming-p1.qcow2",
          "merging-1.qcow2", "base.raw.new", "disk.qcow2"})
        EXPECT_FALSE(parse_file_name(text)) << text;
}

TEST(Names, ATargetCannotLeaveItsDirectory) {
    for (const char* good : {"vda", "sda1", "nvme0n1", "my_disk-2"})
        EXPECT_NO_THROW(check_target(good));
    EXPECT_NO_THROW(check_target(std::string(target_length_max, 'a')));
    EXPECT_THROW(check_target(std::string(target_length_max + 1, 'a')), Error);
    for (const char* bad : {"", ".", "..", "a/b", "vda.2", "a b", "\xc3\xa4"})
        EXPECT_THROW(check_target(bad), Error) << bad;
}

}  // namespace
}  // namespace reviver::store
