"""Text in messages, shortened, and the parts of a kernel's text that are ignored."""

import re

# The colours of a terminal.
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

# The file that IPython gives to a cell: another one in every run.
CELL_FILE = re.compile(r"(?<![^\s\"'])[^\s\"']*ipykernel_\d+[/\\]\d+\.py")
CELL_NAME = "<cell>"


def first_line(text: str) -> str:
    """The first line that is not empty, without the blanks around it; empty if there is none."""
    return next((line.strip() for line in text.split("\n") if line.strip()), "")


def clip(text: str, width: int = 72, at: int = 0) -> str:
    """Shorten a line to what surrounds a place in it.

    Args:
        text: the line.
        width: how many characters are left at most, the ``…`` for what is left out included.
        at: the place, counted from 0. Two lines that first differ there differ when they are
            clipped, too.

    Returns:
        The text itself where it is no longer than ``width``.
    """
    if len(text) <= width:
        return text
    start = max(0, at - width * 2 // 3)
    piece = text[start : start + width]
    if start:
        piece = "…" + piece[1:]
    if start + width < len(text):
        piece = piece[:-1] + "…"
    return piece
