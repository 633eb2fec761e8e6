"""What the demo shows: a line a step while it works, a table at the end."""

import contextlib
import sys
import time

WIDTH = 64


class Report:
    """Steps in order. On a terminal the current one shows what it is at; elsewhere each is one
    line when it ends.
    """

    def __init__(self, steps: int):
        self.steps = steps
        self.rows = []  # (step, seconds, what came out)
        self.live = sys.stdout.isatty()
        self._title = ""
        self._result = ""

    @contextlib.contextmanager
    def step(self, title: str):
        self._title, self._result = f"[{len(self.rows) + 1:2}/{self.steps}] {title} ", ""
        sys.stdout.write(self._title if self.live else self._padded())
        sys.stdout.flush()
        began = time.monotonic()
        try:
            yield self
        except BaseException:
            self._end(" FAILED")
            raise
        seconds = time.monotonic() - began
        self.rows.append((title, seconds, self._result))
        self._end(f" {seconds:6.1f} s  {self._result}")

    def note(self, text: str) -> None:
        """What the step is at; shown on a terminal only."""
        if self.live:
            sys.stdout.write(f"\r\x1b[K{self._padded()} {text}")
            sys.stdout.flush()

    def result(self, text: str) -> None:
        """What came out of the step."""
        self._result = text

    def _padded(self) -> str:
        return self._title.ljust(WIDTH, ".")

    def _end(self, text: str) -> None:
        sys.stdout.write(f"\r\x1b[K{self._padded()}{text}\n" if self.live else f"{text}\n")
        sys.stdout.flush()


def table(heading: tuple, rows: list) -> str:
    """Columns as wide as their widest cell; numbers to the right."""
    cells = [heading, *[tuple(str(cell) for cell in row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heading))]
    lines = []
    for row in cells:
        lines.append(
            "  ".join(
                cell.rjust(width) if cell[:1].isdigit() else cell.ljust(width)
                for cell, width in zip(row, widths)
            ).rstrip()
        )
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def size(count: int) -> str:
    """Bytes for people."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
