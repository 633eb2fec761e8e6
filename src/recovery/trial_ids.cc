#include "recovery/trial_ids.h"

#include "base/checksum.h"

#include <algorithm>
#include <array>

namespace reviver::recovery {

VmId id_in_trial(CollectionId trial, VmId original) {
    const Hash hash = sha256(bytes_of(trial.text() + original.text()));
    std::array<std::uint8_t, 16> bytes{};
    std::transform(hash.begin(), hash.begin() + bytes.size(), bytes.begin(),
                   [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    return VmId(Uuid::from_random(bytes));
}

}  // namespace reviver::recovery
