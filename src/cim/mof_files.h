// The files of schema/, as the build put them into the program.
#pragma once

#include <string_view>
#include <vector>

namespace reviver::cim {

struct MofFile {
    std::string_view name;  // without folder
    std::string_view text;
};

const std::vector<MofFile>& mof_files();

}  // namespace reviver::cim
