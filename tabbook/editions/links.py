"""Links, ids and pictures of pages that are joined into one edition."""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import Tag

from tabbook.editions.contents import EditionError
from tabbook.editions.pictures import light, variables

# Attributes whose values are ids
_REFERRING = ("for", "headers", "aria-labelledby", "aria-describedby", "aria-controls")
# What refers to an id inside a drawing
_INSIDE = re.compile(r"(?<=url\(#)[^)]+|(?<=^#).+")


class Joined:
    """The pages of an edition. Every id is unique, and every internal link is ``#`` and an id.

    A link to a page or file that the edition does not contain leads to its published address. If
    the book has no address, its text remains without a link.

    Attributes:
        pictures: the files of the pictures, by the name that their elements have.
    """

    def __init__(self, html: Path, articles: dict[str, Tag], address: str = "") -> None:
        """Change the articles.

        Args:
            html: the folder of the built book, which contains the pictures.
            articles: by the name of their page, relative to that folder.
            address: where the book is published; empty if nowhere.

        Raises:
            EditionError: a picture is missing, or two ids are the same.
        """
        self.pictures: dict[str, bytes] = {}
        self._html, self._address, self._pages = html, address, set(articles)
        self._ids = {
            (page, str(tag["id"])): f"{slug(page)}--{_identifier(str(tag['id']))}"
            for page, article in articles.items()
            for tag in article.find_all(id=True)
        }
        if len({*self._ids.values(), *map(slug, articles)}) < len(self._ids) + len(articles):
            raise EditionError(
                "Two pages or labels have the same id in the edition, because only letters, digits "
                "and ._- are kept. Rename one of them: " + ", ".join(articles)
            )
        for page, article in articles.items():
            self._rename(page, article)
            for link in article.find_all("a", href=True):
                self._redirect(page, link)
            for image in article.find_all("img"):
                image["src"] = self._picture(page, str(image["src"]))
            article["id"] = slug(page)

    def _rename(self, page: str, article: Tag) -> None:
        def renamed(words: str) -> str:
            return " ".join(self._ids.get((page, word), word) for word in words.split())

        for tag in article.find_all(id=True):
            tag["id"] = renamed(str(tag["id"]))
        for name in _REFERRING:
            for tag in article.select(f"[{name}]"):
                value = tag[name]
                tag[name] = renamed(value if isinstance(value, str) else " ".join(value))
        for svg in article.find_all("svg"):
            _lighten(svg, renamed)

    def _redirect(self, page: str, link: Tag) -> None:
        found = urlsplit(str(link["href"]))
        if found.scheme or found.netloc:
            return
        path = unquote(found.path)
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
        name = page if target == page else target.removesuffix(".html")
        if name in self._pages:
            # Without the id, which may be in another framework's tab, the link leads to the page
            link["href"] = f"#{self._ids.get((name, unquote(found.fragment)), slug(name))}"
        elif self._address:
            link["href"] = urljoin(urljoin(self._address, page), str(link["href"]))
        else:
            link.unwrap()

    def _picture(self, page: str, source: str) -> str:
        if source.startswith("data:"):
            return source
        place = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(source)))
        file = self._html / place
        if not file.is_file():
            raise EditionError(f"Expected the picture {file} of {page}, found none. Run: make book")
        name = place.replace("/", "-").lstrip("_")
        data = file.read_bytes()
        if file.suffix == ".svg":
            data = light(data.decode()).encode()
        self.pictures[name] = data
        return name


def slug(page: str) -> str:
    """The id of a page in an edition."""
    return _identifier(page.replace("/", "-"))


def _identifier(text: str) -> str:
    """A text as an XML name; other characters become their code."""
    return re.sub(r"[^A-Za-z0-9._-]", lambda found: f"_{ord(found[0]):x}_", text)


def _lighten(svg: Tag, renamed: Callable[[str], str]) -> None:
    """Give a drawing in the text the light theme's colours, and let it refer to its new ids."""
    values = variables(" ".join(style.string or "" for style in svg.find_all("style")))
    for tag in [svg, *svg.find_all(True)]:
        for name, value in tag.attrs.items():
            if isinstance(value, str):
                tag[name] = _INSIDE.sub(lambda found: renamed(found[0]), light(value, values))
        if tag.name == "style" and tag.string:
            tag.string = light(tag.string, values)
