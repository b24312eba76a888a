"""Tolerances, and the differences between outputs."""

from collections.abc import Collection
from dataclasses import dataclass, field

from tabbook.cells import stated_number


@dataclass(frozen=True)
class Tolerance:
    """Two floats are equal if they differ by at most ``max(atol, rtol * abs(stored))``."""

    rtol: float = 1e-5
    atol: float = 1e-8

    @classmethod
    def of(cls, tags: Collection[str], default: "Tolerance") -> "Tolerance":
        """The tolerance that a cell's tags state (``rtol=0.1``, ``atol=0.02``), else the default.

        Raises:
            ValueError: the value of a tag is not a number of at least 0.
        """
        return cls(
            stated_number(tags, "rtol", default.rtol), stated_number(tags, "atol", default.atol)
        )


@dataclass(frozen=True)
class Difference:
    """A difference between two outputs.

    Attributes:
        where: the output, the line or the path in JSON, such as ``stdout line 3``.
        stored, new: the values, as text.
        note: the distance and the tolerance, or another reason.
        distance, allowed: both as numbers; None if the values are not two finite floats.
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
    """The result of a comparison of two lists of outputs.

    Attributes:
        differences: all differences; empty if the outputs are equal.
        within: floats that differ within their tolerance.
        numbers: the number of compared numbers.
        worst: the largest difference within a tolerance, as a share of that tolerance.
        worst_where: its place.
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
