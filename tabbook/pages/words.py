"""Convert the text of a paragraph to CommonMark: resolve references and citations."""

import posixpath
import re
from typing import NoReturn

from markdown_it.token import Token

from tabbook.pages.citations import ROLES, bibliography
from tabbook.pages.drawings import DrawingError, image
from tabbook.pages.fences import ProseError
from tabbook.pages.inline import pieces, to_html, without_bars
from tabbook.pages.numbers import WORDS, Place, anchor, places_of
from tabbook.pages.settings import address_of, config_of
from tabbook.pages.source import Page


class Words:
    """Converts the text of one notebook's paragraphs.

    Attributes:
        cited: the keys of the cited entries, in order.
        line: the current line of the cell, counted from 0, for errors.
    """

    def __init__(self, page: Page, framework: str) -> None:
        self.folder = page.path.parent
        self.framework = framework
        self.places = places_of(page)
        self.page = self.places.name(page.path)
        self.site = address_of(page.book)
        files = config_of(page.book).get("bibtex_bibfiles") or ()
        self.bibliography = bibliography(self.places.root / file for file in files)
        self.cited: dict[str, None] = {}
        self.line = 0

    def references(self) -> str:
        """The list of references at the end of the notebook; empty if nothing was cited."""
        return f"## References\n\n{self.bibliography.list(self.cited)}" if self.cited else ""

    def fail(self, message: str) -> NoReturn:
        raise ProseError(self.line, message)

    def picture(self, path: str, alt: str) -> str:
        if re.match(r"\w+:", path):
            return f"![{alt}]({path})"
        try:
            return image(self.folder / path.removeprefix("/"), alt)
        except DrawingError as error:
            return self.fail(str(error))

    def text(self, text: str, *, is_row: bool = False, is_nested: bool = False) -> str:
        """The converted text of a paragraph or a line.

        Args:
            is_row: whether it is in a table, where ``|`` must be replaced.
            is_nested: whether it is in a list or quotation, where formulas must not be broken.
        """
        new = ""
        at = 0
        for start, end, token in pieces(text):
            new += _escaped(text[at:start], is_row)
            new += self.piece(text[start:end], token, is_row=is_row, is_nested=is_nested)
            at = end
        return new + _escaped(text[at:], is_row)

    def piece(self, raw: str, token: Token, *, is_row: bool, is_nested: bool) -> str:
        match token.type:
            case "myst_role":
                return self.role(token.meta["name"], token.content)
            case "math_inline" | "math_inline_double":
                raw = " ".join(raw.split()) if is_nested or "\n" in raw else raw
                return without_bars(raw) if is_row else raw
            case "image":
                return self.picture(str(token.attrs["src"]), token.content)
            case "link_open":
                return self.link(raw, str(token.attrs["href"]), is_row, is_nested)
            case "code_inline":
                return raw.replace("|", "\\|") if is_row else raw
        return self.fail(f"a notebook cannot show {raw!r}. Write it out.")

    def link(self, raw: str, href: str, is_row: bool, is_nested: bool) -> str:
        """A link of CommonMark, whose address may be valid only in MyST."""
        words, _, _ = raw.rpartition("](")
        inner = self.text(words.removeprefix("["), is_row=is_row, is_nested=is_nested)
        if re.match(r"[a-z][a-z0-9+.-]*:", href, re.IGNORECASE):
            return f"[{inner}{raw[len(words) :]}" if words else raw
        if href.startswith("#"):
            label = href[1:]
            return (
                self.linked(inner, label, self.place(label)) if inner else self.role("ref", label)
            )
        if href.endswith(".md"):
            return self.role("doc", f"{inner} <{href.removesuffix('.md')}>" if inner else href[:-3])
        return self.fail(
            f"a notebook cannot link to {href!r}: give the name of the file, or an address."
        )

    def role(self, name: str, content: str) -> str:
        match = re.fullmatch(r"(?s)(.*\S)\s*<([^<>]+)>", content)
        words, target = (match[1], match[2]) if match else ("", content)
        match name:
            case "term":
                return words or target
            case "math":
                return f"${content.strip()}$"
            case "sub" | "sup":
                return f"<{name}>{to_html(content)}</{name}>"
            case "doc":
                return self.document(words, target)
            case "eq" | "numref" | "ref":
                place = self.place(target)
                words = self.text(words, is_nested=True) if words else ""
                return self.linked(self.reading(name, words, target, place), target, place)
            case _ if name in ROLES:
                return self.citation(name, content)
        return self.fail(f"a notebook has nothing like {{{name}}}. Write it out in CommonMark.")

    def reading(self, role: str, words: str, label: str, place: Place | None) -> str:
        """The text of a reference, as in the book."""
        if place is None:
            return words or label
        number = place.number or label
        if role == "eq":
            return words or f"({number})"
        if role == "numref" and ("%s" in words or "{number}" in words):
            return words.replace("%s", number).replace("{number}", number)
        is_numbered = role == "numref" or place.kind == "exercise"
        if words or not (is_numbered and place.number):
            return words or self.text(place.title, is_nested=True) or label
        return f"{WORDS[place.kind]} {number}"

    def place(self, label: str) -> Place | None:
        """The item of a label; None if it is unknown and the book has no table of contents."""
        place = self.places.labels.get(label)
        if place is None and self.places.is_numbered:
            self.fail(f"no page of the book has the label {label!r}.")
        return place

    def linked(self, words: str, label: str, place: Place | None) -> str:
        """A link to an item, if a notebook can link to it; otherwise its text."""
        if place is None:
            return words
        seen = place.framework in (None, self.framework)
        if place.page == self.page and seen:
            return f"[{words}](#{anchor(label)})"
        if seen and self.framework in self.places.frameworks.get(place.page, ()):
            return f"[{words}]({self.notebook(place.page)}#{anchor(label)})"
        prefix = "equation-" if place.kind == "equation" else ""
        return self.in_book(words, f"{place.page}.html#{prefix}{anchor(label)}")

    def document(self, words: str, target: str) -> str:
        name = posixpath.normpath(posixpath.join("/", posixpath.dirname(self.page), target))[1:]
        title = self.places.titles.get(name, "")
        if not (words or title):
            self.fail(f"no page {name!r} with a title is known. Write {{doc}}`words <{target}>`.")
        words = self.text(words or title, is_nested=True)
        if self.framework in self.places.frameworks.get(name, ()):
            return f"[{words}]({self.notebook(name)})"
        return self.in_book(words, f"{name}.html")

    def notebook(self, page: str) -> str:
        """The path of another page's notebook, relative to the folder of this notebook."""
        above, name = posixpath.split(page)
        here = posixpath.join(posixpath.dirname(self.page), self.framework)
        return posixpath.relpath(posixpath.join(above, self.framework, f"{name}.ipynb"), here)

    def in_book(self, words: str, page: str) -> str:
        return f"[{words}]({self.site}{page})" if self.site else words

    def citation(self, role: str, content: str) -> str:
        keys = [key.strip() for key in content.split(",")]
        missing = [key for key in keys if key not in self.bibliography.entries]
        if missing and not self.places.is_numbered:  # a page by itself
            return f"[{', '.join(keys)}]"
        if missing:
            self.fail(
                f"`bibtex_bibfiles` in _config.yml name no file with the entry {missing[0]!r}."
            )
        self.cited.update(dict.fromkeys(keys))
        return self.bibliography.citation(role, keys)


def _escaped(text: str, is_row: bool) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text) if is_row else text
