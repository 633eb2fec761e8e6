// For stores that adopt no images.
#pragma once

#include "base/error.h"
#include "point/image.h"

namespace reviver::sim {

class NoImages : public point::ImageOpener {
  public:
    std::unique_ptr<point::Image> open(const sys::Path& path, const std::string&) override {
        fail(Code::not_found, "{}: there are no images here", path.string());
    }
};

}  // namespace reviver::sim
