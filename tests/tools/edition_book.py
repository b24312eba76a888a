"""A toy book of which editions are made, and what they must contain."""

import shutil

import nbformat
from backends import ROOT
from sphinx_book import build, store_notebooks, stream, write_book
from toy_book import code, prose, write

from tabbook.cli import main
from tabbook.pages.source import read_page

FRAMEWORKS = ("pytorch", "jax")
LABELS = {"pytorch": "PyTorch", "jax": "JAX"}

CONFIG = "  config: {html_extra_path: [third_party/book]}\n"
TOC = """\
format: jb-book
root: chapters/index
parts:
- caption: First & best
  numbered: 2
  chapters:
  - file: chapters/toy
    sections:
    - file: chapters/deep
- caption: Second
  chapters:
  - file: chapters/plain
"""
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30"><style>'
    ":root{--c:#123456}@media (prefers-color-scheme: dark){:root{--c:#fedcba}}</style>"
    '<defs><marker id="tip"><path d="M0 0L9 9"/></marker></defs>'
    '<path d="M0 9L90 9" stroke="var(--c, #000)" marker-end="url(#tip)"/></svg>'
)
FILES = {
    "_toc.yml": TOC,
    "chapters/drawn.svg": SVG,
    "chapters/index.md": (
        "# Start\n\nFirst words. See [](deep.md) and {numref}`Section %s <sec-toy>`.\n"
    ),
    "chapters/deep.md": (
        "(sec-deep)=\n# Deep\n\nDeep words.\n\n## A heading\n\n### Below it\n\n"
        "![A drawn line](drawn.svg)\n\n"
        "```{figure} drawn.svg\n:name: fig-toy\n:alt: A line\n\nA *caption*.\n```\n\n"
        "## Another with $x^2$\n\n"
        "```{admonition} Solution\n:class: dropdown\n\nSolved words.\n```\n\n"
        "```{image} drawn.svg\n:class: inline\n:alt: The same line\n```\n"
    ),
    "chapters/plain.md": (
        "# Plain\n\nPlain words, [elsewhere](https://example.org/x), "
        "{ref}`sec-toy` and {eq}`eq-toy`.\n\n"
        "| a | b |\n|:--|--:|\n| 1 | $\\frac{1}{2}$ |\n\n## A heading\n\nSame title as elsewhere.\n"
    ),
}
PARTS = (
    "(sec-toy)=\n# Toy\n\nToy words.\n",
    code("print('shared source')"),
    code("print('jax source')", "jax"),
    code("print('pytorch source')", "pytorch"),
    code("print('folded source')", options=":tags: [hide-input]\n\n"),
    prose(jax="Words for JAX.", pytorch="Words for PyTorch."),
    prose(jax="Only JAX needs words."),
    "$$\nx = \\begin{cases}0 & \\text{if } y\\\\ \\frac{a}{b}\\end{cases}\n$$ (eq-toy)\n",
    "## Figure\n",
    code("figure()"),
    "See {numref}`fig-toy` and {ref}`sec-deep`.\n",
)
#: Words of each page, in order
WORDS = ("First words.", "Toy words.", "Deep words.", "Plain words")
#: The lines of the outline, and how deep each is
OUTLINE = [
    ("Start", 0), ("First & best", 0), ("1. Toy", 1), ("1.1. Figure", 2), ("1.2. Deep", 2),
    ("A heading", 3), ("Below it", 4), ("Another with x2", 3), ("Second", 0),
    ("Plain", 1), ("A heading", 2),
]  # fmt: skip


def outputs(framework, cell):
    if cell.source == "figure()":
        figure = SVG.replace("<svg ", '<svg width="90pt" height="30pt" ')
        data = {"image/svg+xml": figure, "text/plain": f"{framework} falls"}
        return [nbformat.v4.new_output("display_data", data)]
    return stream(f"{framework} output")


def build_book(folder):
    """Build the toy book without a warning; return the folder of its pages."""
    write_book(folder, FILES, CONFIG)
    for font in ("source-serif-4", "stix-two-math"):
        shutil.copytree(ROOT / "third_party/book" / font, folder / "third_party/book" / font)
    page = write(folder / "chapters", *PARTS, frameworks=", ".join(FRAMEWORKS))
    store_notebooks(read_page(page), outputs)
    build(folder)
    return folder / "_build/html"


def make(kind, html):
    """Make the editions of both frameworks; return them by framework."""
    chapters = html.parents[1] / "chapters"
    options = [option for name in FRAMEWORKS for option in ("--framework", name)]
    assert main([kind, "--folder", str(chapters), *options]) == 0
    return {name: html / f"editions/toy-co-{name}.{kind}" for name in FRAMEWORKS}


def texts(framework):
    """What an edition says once, and what it must not say."""
    (other,) = set(FRAMEWORKS) - {framework}
    said = [
        *WORDS,
        "Solved words.",
        "shared source",
        f"{framework} source",
        f"Words for {LABELS[framework]}.",
    ]
    never = [f"{other} source", f"{other} output", f"Words for {LABELS[other]}.", "folded source"]
    only = ["Only JAX needs words."]
    return (said + only, never) if framework == "jax" else (said, never + only)
