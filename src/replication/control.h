// The questions two sites ask each other besides sending points, as JSON texts over wire's call().
// Each names the relationship and the asker's epoch; an asker whose epoch is older than the
// answerer's has lost its role and is answered Code::stale_epoch.
#pragma once

#include "model/point.h"
#include "replication/documents.h"

#include <string>
#include <string_view>
#include <vector>

namespace reviver::replication::control {

// "create": make the recovery side of a relationship. Repeating it is answered alike. The answer
// may be that nothing was made, for an earlier relationship of these VMs used the epoch or later
// ones: files are named by epochs, and theirs are in use. Then it is asked again with a later
// epoch.
struct Create {
    CollectionId collection;
    Epoch epoch;
    std::string name;
    Settings settings;
    std::vector<VmDefinition> vms;
};

struct CreateAnswer {
    Epoch used;  // not 0: nothing was made, later epochs than this one are free
};

// "hello": before every cycle.
struct Hello {
    CollectionId collection;
    Epoch epoch;
    std::vector<DiskKey> copies{};  // disks in no point yet whose copies are gone on with
};
struct HelloAnswer {
    Epoch epoch;
    Place place;
    Sequence newest;  // durable at the recovery side
    CutId cut{};      // of that point; none from peers that do not tell
    // Not empty: `newest` is no point, but a seed with these disks.
    std::vector<DiskShape> seed{};
    bool keeps_copies = true;  // of disks in no point, while points of other disks are made
};

// "seed": the answerer is to take the disks that its VMs had before they became replicas as the
// ground of the first point. Repeating it looks again, and is answered alike where nothing changed.
struct Seed {
    CollectionId collection;
    Epoch epoch;
    std::vector<DiskShape> disks;  // of the primary
};
struct SeedAnswer {
    struct Missing {
        DiskKey key;
        std::string why;
    };
    std::vector<DiskShape> found;  // of the answerer, with its sizes
    std::vector<Missing> missing;
};

// "settings": what the primary's settings are from now on.
struct NewSettings {
    CollectionId collection;
    Epoch epoch;
    Settings settings;
};

// "planned_reverted": the primary goes on after all.
using PlannedReverted = Hello;

// "reverse": the asker is the new primary; the answerer becomes its replica. Repeating it is
// answered alike.
struct Reverse {
    CollectionId collection;
    Epoch epoch;      // the new one
    Sequence shared;  // the point that both sides hold
    std::string name;
    Settings settings;
};
struct ReverseAnswer {
    Sequence newest;  // the new replica's; at first that of its own disks as they were found
    std::vector<DiskChanges> changes;
};

std::string to_text(const Create& message);
std::string to_text(const CreateAnswer& message);
std::string to_text(const Seed& message);
std::string to_text(const SeedAnswer& message);
std::string to_text(const Hello& message);
std::string to_text(const HelloAnswer& message);
std::string to_text(const NewSettings& message);
std::string to_text(const Reverse& message);
std::string to_text(const ReverseAnswer& message);
Create create_from_text(std::string_view text);
CreateAnswer create_answer_from_text(std::string_view text);
Seed seed_from_text(std::string_view text);
SeedAnswer seed_answer_from_text(std::string_view text);
Hello hello_from_text(std::string_view text);
HelloAnswer hello_answer_from_text(std::string_view text);
NewSettings new_settings_from_text(std::string_view text);
Reverse reverse_from_text(std::string_view text);
ReverseAnswer reverse_answer_from_text(std::string_view text);

}  // namespace reviver::replication::control
