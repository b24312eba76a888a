"""One framework's text of a page of the built book."""

import re
from dataclasses import dataclass
from pathlib import Path

import html5lib
from bs4 import BeautifulSoup, Tag

from tabbook.config import Framework
from tabbook.editions.contents import EditionError

# The text as a browser finds it, without the rest of the page, which is slow to parse
_ARTICLE = re.compile(r'<article class="bd-article".*</article>', re.DOTALL)
_MODIFIED = re.compile(r'<meta property="article:modified_time" content="([^"]+)"')
_LANGUAGE = re.compile(r'<html\b[^>]*\blang="([^"]+)"')
_STYLES = re.compile(r'<link\b[^>]*rel="stylesheet"[^>]*>')
_ADDRESS = re.compile(r'href="([^"?]+)')

#: Parts of a page that only a screen can use. A closed table of a figure's data is not printed.
SCREEN_ONLY = "script, .headerlink, .toctree-wrapper, .figure-data, button, .d-print-none"
#: The key by which a link chooses a framework
GROUP = "framework"
#: Code or output of more lines may be divided between two sheets of paper.
LONG = 24
FOLDED = "Folded: it is in the notebook."


@dataclass(frozen=True)
class BuiltPage:
    """A page of the built book.

    Attributes:
        name: as ``_toc.yml`` names it, such as ``chapters/dropout``.
        text: its article in HTML.
        language: of its text, such as ``en``.
        modified: when its source was last changed, in ISO 8601; empty if unknown.
        styles: its style sheets, relative to the built book.
    """

    name: str
    text: str
    language: str
    modified: str
    styles: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder of its file in the built book, with a slash at the end; empty for none."""
        return "".join(self.name.rpartition("/")[:2])


def read(html: Path, name: str) -> BuiltPage:
    """Read a page of the built book.

    Args:
        html: the folder of the built book.
        name: the page as ``_toc.yml`` names it.

    Raises:
        EditionError: the page is missing, or it has no article.
    """
    path = html / f"{name}.html"
    if not path.is_file():
        raise EditionError(
            f"Expected the page {path}, found none. In the book's folder, run: make book"
        )
    page = path.read_text(encoding="utf-8")
    article = _ARTICLE.search(page)
    if not article:
        raise EditionError(
            f'Expected <article class="bd-article"> in {path}, found none. The theme\'s template '
            "may have changed: adapt tabbook/editions/articles.py."
        )
    language, modified = _LANGUAGE.search(page), _MODIFIED.search(page)
    depth = "../" * name.count("/")
    return BuiltPage(
        name,
        article[0],
        language[1] if language else "en",
        modified[1] if modified else "",
        tuple(
            found[1].removeprefix(depth)
            for link in _STYLES.findall(page)
            if (found := _ADDRESS.search(link))
        ),
    )


def select(page: BuiltPage, framework: Framework) -> Tag:
    """The text of a page as one framework's readers see it on paper.

    A page without the framework shows its first framework, as on the screen, and says so.

    Returns:
        The article, with the addresses and ids of the page.
    """
    # The parser that reads formulas and drawings in HTML as a browser does
    article = BeautifulSoup(page.text, html5lib.__name__).article
    assert article is not None
    for unused in article.select(SCREEN_ONLY):
        unused.decompose()
    for link in article.select("a.image-reference"):  # to the same picture
        link.unwrap()
    for link in article.select(f'a[href*="?{GROUP}="]:not([href*="?{GROUP}={framework.id}"])'):
        (link.parent if link.parent and len(link.parent.contents) == 1 else link).decompose()
    _choose_tabs(article, framework)
    for fold in article.select("div.cell details.hide"):
        fold.replace_with(_element("p", FOLDED, "folded"))
    for code in article.select("pre"):
        if code.get_text().count("\n") > LONG:
            code["class"] = "long"
    for gone in article.select("wbr, colgroup"):  # paper and e-readers need neither
        gone.decompose()
    return article


def _choose_tabs(article: Tag, framework: Framework) -> None:
    """Replace each framework tab set by the text of its tab."""
    told = False
    for tabs in article.select(".framework-tabs"):
        labels = tabs.find_all("label", recursive=False)
        chosen = [label for label in labels if label["data-sync-id"] == framework.id]
        if not chosen and not told:
            told = True
            shown = labels[0].get_text(strip=True)
            words = f"This page has no {framework.label}; it shows {shown}."
            tabs.insert_before(_element("p", words, "framework-tabs-absent"))
        panel = (chosen or labels)[0].find_next_sibling(class_="sd-tab-content")
        assert isinstance(panel, Tag)
        tabs.replace_with(*[child.extract() for child in list(panel.children)])


def _element(name: str, text: str, *classes: str) -> Tag:
    """A new element with these words and classes."""
    element = BeautifulSoup("", "html.parser").new_tag(name, attrs={"class": " ".join(classes)})
    element.string = text
    return element
