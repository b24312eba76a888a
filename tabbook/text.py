"""Shortened text for messages, and the parts of a kernel's text that are ignored."""

import re

# Terminal colours.
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

# The file name that IPython gives to a cell, which differs in every run.
CELL_FILE = re.compile(r"(?<![^\s\"'])[^\s\"']*ipykernel_\d+[/\\]\d+\.py")
CELL_NAME = "<cell>"


def first_line(text: str) -> str:
    """The first line that is not blank, stripped; empty if there is none."""
    return next((line.strip() for line in text.split("\n") if line.strip()), "")


def clip(text: str, width: int = 72, at: int = 0) -> str:
    """Shorten a line to the text around a position.

    Args:
        text: the line.
        width: the largest number of characters, including ``…`` for omitted text.
        at: the position, counted from 0. Two lines that first differ there also differ after
            clipping.

    Returns:
        The text itself if it has at most ``width`` characters.
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
