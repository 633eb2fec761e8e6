// What is wanted of a cut.
#pragma once

#include "model/point.h"

#include <functional>

namespace reviver::point {

struct CutWish {
    // By itself a kind of point is a wish: most cuts want nothing else.
    CutWish(PointKind wanted = PointKind::regular) : kind(wanted) {}

    PointKind kind;
    // The guests' file systems are to be frozen in it. When that does not come about the cut is
    // made all the same, and says so.
    bool quiesce = false;
    std::function<bool()> stopped;  // gives up waiting for guests; may be empty
};

}  // namespace reviver::point
