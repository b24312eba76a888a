"""Text for messages, and what in a kernel's text says nothing."""

import re

# The colours of a terminal.
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

# The file that IPython gives to a cell: another one in every run.
CELL_FILE = re.compile(r"(?<![^\s\"'])[^\s\"']*ipykernel_\d+[/\\]\d+\.py")
CELL_NAME = "<cell>"


def first_line(text: str) -> str:
    """The first line that is not blank, without the blanks around it; empty if there is none."""
    return next((line.strip() for line in text.split("\n") if line.strip()), "")


def clip(text: str, width: int = 72, at: int = 0) -> str:
    """At most ``width`` characters of a text: those around the place ``at``.

    "…" stands for what is left out on either side. Blanks and line breaks stay as they are.
    """
    if len(text) <= width:
        return text
    start = max(0, min(at - width // 2, len(text) - width))
    end = start + width
    before, after = "…" if start else "", "…" if end < len(text) else ""
    return before + text[start + len(before) : end - len(after)] + after
