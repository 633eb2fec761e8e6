// The power button: how a hypervisor asks a guest to shut down.
#pragma once

#include <array>

namespace reviver::witness {

class PowerButton {
  public:
    PowerButton();  // opens the input devices; dies when there is none

    static constexpr int kDevicesMax = 4;
    int device(int index) const { return devices_[static_cast<std::size_t>(index)]; }  // -1: none
    // True when the button was pressed since the last call.
    bool pressed();

  private:
    std::array<int, kDevicesMax> devices_;
};

}  // namespace reviver::witness
