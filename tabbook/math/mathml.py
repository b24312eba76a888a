"""Convert formulas to MathML, which browsers show without JavaScript.

Formulas are converted when the book is built, so that the page does not move while it loads. In
notebooks and in LaTeX, formulas remain TeX.
"""

import re

from math_core import LatexError, LatexToMathML

_INLINE = "<math>(?:(?!</math>).)*</math>"
_WITH_PUNCTUATION = re.compile(rf"[(\[“‘]+{_INLINE}[^\s<]*|{_INLINE}[^\s<]+", re.DOTALL)
_CONVERTER = LatexToMathML(fancy_error=False)


class FormulaError(ValueError):
    """A formula cannot be converted to MathML; the message contains it and the reason."""


def mathml(tex: str, *, display: bool = False) -> str:
    """A formula as a ``<math>`` element.

    It contains no TeX, which excerpts of searches and sorted tables would show as text.

    Args:
        tex: the formula as in LaTeX's math mode, without dollars.
        display: whether it is a displayed equation.

    Raises:
        FormulaError: it is not valid TeX, uses a command without MathML, has several lines
            outside an environment, or would be shown badly.
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
    # Chromium does not stretch a bracket that has an exponent
    if re.search("<m(sub|sup|subsup)><mo minsize", formula):
        raise FormulaError(
            r"brackets of a given size expect braces before an exponent: {\bigl( x \bigr)}^2. "
            f"Received: {tex}"
        )
    return formula


def keep_punctuation(html: str) -> str:
    """Keep a formula on one line with the bracket before it and the punctuation after it.

    Otherwise Chromium may break the line there, as beside an image.
    """
    return _WITH_PUNCTUATION.sub(r'<span class="unbroken">\g<0></span>', html)
