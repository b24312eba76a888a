"""Sphinx extension: write formulas as MathML instead of TeX for a script.

Sphinx uses the renderer of an extension instead of MathJax. The font is loaded only on pages with
formulas, and it is reduced to the characters that the book needs.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from tabbook.math.font import FONT, trim
from tabbook.math.mathml import FormulaError, keep_punctuation, mathml
from tabbook.sphinx.loading import has_font, preload

logger = logging.getLogger(__name__)


def write_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a sentence."""
    self.body.append(_mathml(self, node, display=False))
    raise nodes.SkipNode


def write_display(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed equation in a box that can scroll, with its number beside it."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(f'<div class="formula">{_mathml(self, node, display=True)}</div></div>\n')
    raise nodes.SkipNode


def _mathml(self: HTML5Translator, node: nodes.Element, *, display: bool) -> str:
    """The MathML of a node; for an invalid formula, its TeX and a warning."""
    try:
        return mathml(node.astext(), display=display)
    except FormulaError as error:
        logger.warning(str(error), location=node, type="formulas")
        return f"<code>{self.encode(node.astext())}</code>"


def prepare_formulas(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Keep formulas and punctuation together, and preload the font so that formulas do not move.

    The font is in a folder of ``html_extra_path``; a book without it uses the reader's fonts.
    """
    if "<math" in context.get("body", ""):
        context["body"] = keep_punctuation(context["body"])
        if has_font(app, FONT):
            preload(context, FONT)


def trim_font(app: Sphinx, exception: Exception | None) -> None:
    """Reduce the font to the characters of the pages and the slides."""
    if not exception and app.builder.format == "html" and (Path(app.outdir) / FONT).exists():
        trim(Path(app.outdir))


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", (write_inline, None), (write_display, None))
    app.connect("html-page-context", prepare_formulas)
    # After tabbook.sphinx.slides has written the slides
    app.connect("build-finished", trim_font, priority=900)
