"""How far apart two numbers may be, and what is said of outputs that are not the same."""

from collections.abc import Collection
from dataclasses import dataclass, field

from tabbook.cells import stated_number


@dataclass(frozen=True)
class Tolerance:
    """Two floats are the same if they differ by at most ``max(atol, rtol * abs(stored))``."""

    rtol: float = 1e-5
    atol: float = 1e-8

    @classmethod
    def of(cls, tags: Collection[str], default: "Tolerance") -> "Tolerance":
        """The tolerance that a cell's tags state (``rtol=0.1``, ``atol=0.02``), else the default.

        Raises:
            ValueError: a tag does not hold a number of at least 0.
        """
        return cls(
            stated_number(tags, "rtol", default.rtol), stated_number(tags, "atol", default.atol)
        )


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same.

    Attributes:
        where: the output, the line or the path in JSON, such as ``stdout line 3``.
        stored, new: the values, as text.
        note: how far apart they are and what was allowed, or what else is wrong.
        distance, allowed: the same as numbers; None where they are not two finite floats.
    """

    where: str
    stored: str
    new: str
    note: str
    distance: float | None = None
    allowed: float | None = None

    def __str__(self) -> str:
        return f"{self.where}: stored {self.stored}, new {self.new} ({self.note})"


@dataclass
class Comparison:
    """What came of comparing two lists of outputs.

    Attributes:
        differences: what is not the same; empty if the outputs are.
        within: floats that are not equal, but within their tolerance.
        numbers: how many numbers were compared.
        worst: the largest share of its tolerance that a float within it has used.
        worst_where: where that was.
    """

    differences: list[Difference]
    within: list[Difference] = field(default_factory=list)
    numbers: int = 0
    worst: float = 0.0
    worst_where: str = ""

    @property
    def verdict(self) -> str:
        """``exact``, ``within tolerance`` or ``different``."""
        if self.differences:
            return "different"
        return "within tolerance" if self.within else "exact"
