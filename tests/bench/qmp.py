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

    def write(self, device: str, writes: list, data: pathlib.Path, image: pathlib.Path) -> None:
        """Writes the file's bytes at each (offset, length), as if the guest had done it.

        qemu-io tells how it went to QEMU's own output, so the raw image is looked at instead.
        """
        for offset, length in writes:
            line = f'qemu-io {device} "write -s {data} {offset} {length}"'
            self.call("human-monitor-command", command_line=line)
        expected = data.read_bytes()
        with open(image, "rb") as file:
            for offset, length in writes:
                file.seek(offset)
                if file.read(length) != expected:
                    raise RuntimeError(f"{image}: the write at {offset} did not happen")
