#include "replication/vm_notes.h"

#include "replication/limits.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reviver::replication {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

VmId vm(std::size_t number) {
    return *VmId::parse(fmt::format("11111111-2222-3333-4444-{:012x}", number));
}

const sys::WallTime noon{std::chrono::hours(12)};

TEST(VmNotes, ANewerNoteTakesThePlaceOfAnOlderOneAndEachEndsInTime) {
    VmNotes notes;
    notes.add(vm(1), "first", noon);
    notes.add(vm(1), "second", noon + std::chrono::minutes(1));
    notes.add(vm(2), "other", noon);
    EXPECT_THAT(notes.about({vm(2), vm(1), vm(3)}, noon), ElementsAre("other", "second"));
    EXPECT_THAT(notes.about({vm(1), vm(2)}, noon + limits::vm_note_kept + std::chrono::seconds(1)),
                ElementsAre("second"));
    EXPECT_THAT(notes.about({vm(1)}, noon + 2 * limits::vm_note_kept), IsEmpty());
}

TEST(VmNotes, TheOldestGoesWhenThereAreTooMany) {
    VmNotes notes;
    for (std::size_t i = 0; i <= limits::vm_notes_max; ++i) {
        notes.add(vm(i), "note", noon + std::chrono::microseconds(i));
    }
    EXPECT_THAT(notes.about({vm(0)}, noon), IsEmpty());
    EXPECT_THAT(notes.about({vm(1)}, noon), ElementsAre("note"));
}

}  // namespace
}  // namespace reviver::replication
