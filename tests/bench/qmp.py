"""A QEMU monitor, for what the benchmarks do to a QEMU themselves."""

import json
import pathlib
import socket

TIMEOUT_S = 60


class Qmp:
    def __init__(self, path: pathlib.Path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rw")
        self._events = []
        self._file.readline()
        self.call("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def call(self, command: str, **arguments):
        names = {name.replace("_", "-"): value for name, value in arguments.items()}
        self._file.write(json.dumps({"execute": command, "arguments": names}) + "\n")
        self._file.flush()
        while True:
            answer = json.loads(self._file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            self._events.append(answer)

    def wait_for_event(self, name: str) -> dict:
        while True:
            event = self._events.pop(0) if self._events else json.loads(self._file.readline())
            if event.get("event") == name:
                return event

    def io(self, device: str, command: str) -> None:
        """A command of qemu-io on a device, as if the guest had asked for it."""
        line = f'qemu-io {device} "{command}"'
        said = self.call("human-monitor-command", command_line=line)
        if "wrote" not in said:
            raise RuntimeError(f"{line}: {said.strip()}")
