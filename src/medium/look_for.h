// Inside medium: what is not there of what a person named.
#pragma once

#include "base/error.h"

#include <utility>

namespace reviver::medium {

// Does `body`, whose Code::not_found is about a file or a directory: Code::no_file.
template <class Body>
auto look_for(Body&& body) {
    try {
        return std::forward<Body>(body)();
    } catch (const Error& error) {
        if (error.code() != Code::not_found) throw;
        throw Error(Code::no_file, error.what());
    }
}

}  // namespace reviver::medium
