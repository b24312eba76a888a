"""Sphinx extension: the reading time of a page, below its title."""

import math
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

#: Slower than the 238 words a minute of adults who read English prose (Brysbaert, 2019), because
#: the pages contain formulas and code, and many readers read in their second language.
WORDS_PER_MINUTE = 150
#: The time is rounded up to a multiple of these minutes.
STEP = 5
WORD = re.compile(r"\S*\w\S*")


def count_words(node: nodes.Node) -> int:
    """The words of prose and code that a reader of one framework sees.

    Formulas and outputs are not counted, and folded code neither. Of a set of tabs, only the
    longest counts.
    """
    if isinstance(node, nodes.Text):
        return len(WORD.findall(node))
    if isinstance(node, nodes.math | nodes.math_block | nodes.raw | nodes.comment):
        return 0
    classes = node.get("classes", []) if isinstance(node, nodes.Element) else []
    if "cell_output" in classes or any(name.startswith("tag_hide") for name in classes):
        return 0
    counts = [count_words(child) for child in node.children]
    return max(counts, default=0) if "framework-tabs" in classes else sum(counts)


def minutes(words: int) -> int:
    """The time to read this many words, rounded up."""
    return STEP * math.ceil(words / WORDS_PER_MINUTE / STEP)


def add_reading_time(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Write the reading time of a page with code below its title."""
    if doctree is None or pagename not in app.config.tabbook_pages:
        return
    words = f"About {minutes(count_words(doctree))} minutes to read"
    context["body"] = context["body"].replace(
        "</h1>", f'</h1>\n<div class="reading-time d-print-none">{words}</div>', 1
    )


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", add_reading_time)
