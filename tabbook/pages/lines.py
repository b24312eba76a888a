"""The lines of a Markdown text whose blocks and paragraphs are replaced one by one."""

import re
from collections.abc import Iterable, Sequence


class Lines:
    """The lines of a text during conversion; each keeps its index until the end."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.old = lines
        self.new: list[list[str]] = [[line] for line in lines]
        self.columns: dict[int, int] = {}  # how far the cells of a row of a table are written

    def written(self) -> list[str]:
        return [line for group in self.new for line in group]

    def leave_out(self, first: int, last: int) -> None:
        self.new[first:last] = [[] for _ in range(first, last)]

    def append(self, line: int, text: str) -> None:
        """Append to the paragraph that ended with this line."""
        while not self.new[line]:  # its lines were joined
            line -= 1
        self.new[line][-1] += text

    def put(self, first: int, last: int, text: Iterable[str], lead: str) -> None:
        """Replace a block by another one, as a separate paragraph.

        Args:
            lead: the marks of lists and quotations before its first line.
        """
        rest = re.sub(r"[^\s>]", " ", lead)
        led = [(lead if n == 0 else rest) + one for n, one in enumerate(text)]
        led = [one if one.strip() else "" for one in led]
        written = next((group[-1] for group in reversed(self.new[:first]) if group), "")
        above = written.strip(" \t>")
        below = self.old[last].strip(" \t>") if last < len(self.old) else ""
        if led and above and lead == rest:
            led.insert(0, rest.rstrip())
        if led and below:
            led.append(rest.rstrip())
        if not led and first and not above and not below:
            self.new[first - 1] = []  # one empty line is enough
        self.leave_out(first, last)
        self.new[first] = led

    def replace(self, first: int, old: str, text: str) -> None:
        """Replace the text of a paragraph or heading, with the same leading marks."""
        new = text.split("\n")
        for number, part in enumerate(old.split("\n")):
            line = self.old[first + number]
            at = line.rfind(part.strip())
            lead, tail = line[:at], line[at + len(part.strip()) :]
            is_there = number < len(new)
            self.new[first + number] = [lead + new[number].strip() + tail] if is_there else []

    def replace_in_row(self, row: int, old: str, text: str) -> None:
        """Replace the next cell of a table row."""
        (line,) = self.new[row]
        at = line.find(old, self.columns.get(row, 0))
        if at < 0:  # the source has its bars escaped
            old = old.replace("|", "\\|")
            at = line.index(old, self.columns.get(row, 0))
        self.new[row] = [line[:at] + text + line[at + len(old) :]]
        self.columns[row] = at + len(text)
