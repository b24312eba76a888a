"""The font of the formulas: STIX Two Math, reduced to the characters that the book needs.

Only a font for mathematics has the sizes of brackets and the positions of exponents, and few
readers have one installed. The complete font has 370 KB, and formulas would move when it arrives.
"""

import logging
import re
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

#: Where the font lies in ``third_party/book``, and so in the built book.
FONT = "stix-two-math/stix-two-math-latin-400-normal.woff"

RADICAL, PRIMES = "√", "′″"
# What browsers put there by themselves: roots, and lone letters as italic Latin, h, italic Greek
DRAWN = {ord(RADICAL), *range(0x1D434, 0x1D468), 0x210E, *range(0x1D6E2, 0x1D71C)}

# It tells of every step, and a framework that is imported may have asked all loggers to speak
logging.getLogger("fontTools.subset").setLevel(logging.WARNING)


def trim(book: Path) -> None:
    """Reduce a book's copy of the font to the characters of its formulas.

    Args:
        book: the folder of the built book, or of slides alone. Its HTML files are read, and the
            whole font in it is replaced.
    """
    font = TTFont(book / FONT, recalcTimestamp=False)
    options = subset.Options(name_IDs=["*"], hinting=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes={*map(ord, characters(book)), *DRAWN})
    subsetter.subset(font)
    _patch_glyphs(font)
    font.save(book / FONT)


def characters(book: Path) -> set[str]:
    """The characters of all formulas in a folder of HTML files."""
    formulas = (
        formula
        for page in book.rglob("*.html")
        for formula in re.findall(r"<math.*?</math>", page.read_text(encoding="utf-8"), re.DOTALL)
    )
    return set().union(*formulas)


def _patch_glyphs(font: TTFont) -> None:
    """Correct the glyphs that browsers place badly."""
    names = font.getBestCmap()
    # Chromium leaves as much room for any root as the widest sign takes: a gap after the small ones
    sign = names[ord(RADICAL)]
    variants = font["MATH"].table.MathVariants
    tall = variants.VertGlyphConstruction[variants.VertGlyphCoverage.glyphs.index(sign)]
    width, _ = font["hmtx"][sign]
    for name in {
        *(variant.VariantGlyph for variant in tall.MathGlyphVariantRecord),
        *(part.glyph for part in tall.GlyphAssembly.PartRecords),
    }:
        _reshape(font, name, (width / font["hmtx"][name][0], 1))
    # Raised and small by themselves, primes would be so twice as superscripts
    for prime in PRIMES:
        if ord(prime) in names:
            _reshape(font, names[ord(prime)], (1.5, 1.5), (-60, -520))


def _reshape(
    font: TTFont, name: str, scale: tuple[float, float], shift: tuple[int, int] = (0, 0)
) -> None:
    """Scale a glyph and its advance width, then move it, in thousandths of an em."""
    glyph, (advance, _) = font["glyf"][name], font["hmtx"][name]
    glyph.coordinates.scale(scale)
    glyph.coordinates.translate(shift)
    glyph.coordinates.toInt()
    glyph.recalcBounds(font["glyf"])
    font["hmtx"][name] = round(advance * scale[0]) + shift[0], glyph.xMin
