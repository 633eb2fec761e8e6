"""What was measured, beside what it is measured against."""

import dataclasses

from e2e import report


def text_of(value: float, unit: str) -> str:
    if unit == "bytes":
        return report.size(int(value))
    return f"{value:.3f}".rstrip("0").rstrip(".") + (f" {unit}" if unit else "")


@dataclasses.dataclass
class Figure:
    """A figure where less is better, and the same of its peers in the same run."""

    what: str
    value: float
    unit: str  # "s", "ms", "bytes", or "" for a ratio
    aim: str = ""
    note: str = ""
    peers: dict = dataclasses.field(default_factory=dict)  # name -> value

    def ratios(self) -> dict:
        """How many times as much a peer needs: above 1 Reviver is better."""
        return {name: peer / self.value for name, peer in self.peers.items() if self.value}

    def as_json(self) -> dict:
        return {**dataclasses.asdict(self), "ratios": self.ratios()}

    def rows(self) -> list:
        rows = [(self.what, text_of(self.value, self.unit), "", self.aim, self.note)]
        for name, ratio in self.ratios().items():
            value = text_of(self.peers[name], self.unit)
            rows.append((f"    {name}", value, f"{ratio:.2f}", "", ""))
        return rows


def table(figures: list) -> str:
    rows = [row for figure in figures for row in figure.rows()]
    return report.table(("what", "figure", "peer / Reviver", "aim", "remark"), rows)
