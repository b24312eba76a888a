"""Formulas as MathML, which browsers set themselves.

They are made while the book is built, so a page needs no script to show them, and nothing on it
moves while one works. Elsewhere, in notebooks and in LaTeX, a formula stays the TeX that it is.
"""

import re

from math_core import LatexError, LatexToMathML

_INLINE = "<math>(?:(?!</math>).)*</math>"
_WITH_PUNCTUATION = re.compile(rf"[(\[“‘]+{_INLINE}[^\s<]*|{_INLINE}[^\s<]+", re.DOTALL)
_CONVERTER = LatexToMathML(fancy_error=False)


class FormulaError(ValueError):
    """A formula can't become MathML; the message shows it and says why."""


def mathml(tex: str, *, display: bool = False) -> str:
    """A formula as a ``<math>`` element.

    It holds no TeX: a search's excerpts and a table's sorting would take that for words.

    Args:
        tex: the formula as in LaTeX's math mode, without dollars.
        display: whether it stands on a line of its own.

    Raises:
        FormulaError: it is no TeX, uses a command that MathML has nothing for, has several lines
            outside an environment, or would be set badly.
    """
    tex = tex.strip()
    # The converter would silently put them all on one line
    if "\n\n" in tex or (r"\\" in tex and r"\begin" not in tex):
        raise FormulaError(
            "a formula of several lines expects an environment, `aligned` or `gathered`. "
            f"Received: {tex}"
        )
    try:
        formula = _CONVERTER.convert_with_local_state(tex, displaystyle=display)
    except LatexError as error:
        raise FormulaError(f"expected a formula in TeX. Received: {tex}\n{error}") from error
    # Chromium makes a bracket large only where nothing hangs on it
    if re.search("<m(sub|sup|subsup)><mo minsize", formula):
        raise FormulaError(
            r"brackets of a given size expect braces before an exponent: {\bigl( x \bigr)}^2. "
            f"Received: {tex}"
        )
    return formula


def keep_punctuation(html: str) -> str:
    """Keep formulas in a sentence on one line with the bracket before them and the comma behind.

    Chromium would break the line there, as beside a picture.
    """
    return _WITH_PUNCTUATION.sub(r'<span class="unbroken">\g<0></span>', html)
