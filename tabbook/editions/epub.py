"""The ePub of an edition: EPUB 3, with formulas in MathML.

The same built book always gives the same bytes.
"""

import mimetypes
import re
import uuid
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from tabbook.editions.contents import EditionError
from tabbook.editions.edition import Edition
from tabbook.editions.outline import Node
from tabbook.editions.templates import TEMPLATES
from tabbook.math.font import FONT
from tabbook.offline import TIME

STYLE = Path(__file__).with_name("epub.css")
#: The file of the built book with the colours of code
CODE = "_static/pygments.css"

_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""
_XHTML = "application/xhtml+xml"
_INTERNAL = re.compile(r'href="#([^"]+)"')
# Attributes of HTML 4 that Docutils and notebooks write
_OUTDATED = ("align", "border", "valign", "frame", "rules")
_STYLING = ("displaystyle", "scriptlevel")
_HTML = "http://www.w3.org/1999/xhtml"
_ELEMENTS = {"mathml": "math", "svg": "svg"}
# The namespaces that a browser knows from the names of the elements
_NAMESPACES = {
    "math": "http://www.w3.org/1998/Math/MathML",
    "svg": "http://www.w3.org/2000/svg",
}


@dataclass(frozen=True)
class File:
    """A file of an ePub: its name, media type, contents, and properties in the manifest."""

    name: str
    kind: str
    data: bytes
    properties: str = ""

    @property
    def is_page(self) -> bool:
        """Whether it is a page of the book."""
        return self.kind == _XHTML


def write(edition: Edition, html: Path, file: Path) -> None:
    """Write the ePub of an edition.

    Args:
        edition: the edition; its articles are changed to XHTML.
        html: the folder of the built book.
        file: the file to write.

    Raises:
        EditionError: a picture has an unknown type.
    """
    places = _places(edition)
    files = _styles(html)
    styles = [one.name for one in files if one.kind == "text/css"]
    files += _pages(edition, places, styles)
    files += [File(name, _kind(name), data) for name, data in sorted(edition.pictures.items())]

    def page(title: str, template: str) -> str:
        text = TEMPLATES.get_template(template).render(edition=edition, places=places)
        return _page(edition, title, text, styles)

    modified = datetime(*TIME, tzinfo=UTC)
    if edition.modified:
        modified = datetime.fromisoformat(edition.modified).astimezone(UTC)
    package = TEMPLATES.get_template("package.opf.jinja").render(
        edition=edition,
        files=files,
        identifier=uuid.uuid5(uuid.NAMESPACE_URL, edition.name).urn,
        modified=f"{modified:%Y-%m-%dT%H:%M:%SZ}",
    )
    with zipfile.ZipFile(file, "w") as packed:
        # Readers recognise an ePub by this file, which must come first and uncompressed
        _add(packed, "mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        _add(packed, "META-INF/container.xml", _CONTAINER)
        _add(packed, "EPUB/package.opf", package)
        _add(packed, "EPUB/title.xhtml", page(edition.title, "title.html.jinja"))
        _add(packed, "EPUB/contents.xhtml", page("Contents", "contents.html.jinja"))
        for one in files:
            _add(packed, f"EPUB/{one.name}", one.data)


def _add(
    packed: zipfile.ZipFile, name: str, data: str | bytes, compression: int = zipfile.ZIP_DEFLATED
) -> None:
    packed.writestr(zipfile.ZipInfo(name, TIME), data, compression, compresslevel=9)


def _places(edition: Edition) -> dict[str, str]:
    """The file and id that each id of the edition is at."""
    places: dict[str, str] = {}
    for chapter in edition.chapters:
        ids = [chapter.slug, *(str(tag["id"]) for tag in chapter.text.find_all(id=True))]
        if chapter.part:
            ids.append(chapter.part.target)
        places |= {one: f"{chapter.slug}.xhtml#{one}" for one in ids}
    return places


def _styles(html: Path) -> list[File]:
    # A book without code or formulas has no such files
    found = [path for path in (html / CODE, html / FONT) if path.is_file()]
    return [File(path.name, _kind(path.name), path.read_bytes()) for path in (*found, STYLE)]


def _pages(edition: Edition, places: dict[str, str], styles: list[str]) -> list[File]:
    pages = []
    for chapter in edition.chapters:
        name = f"{chapter.slug}.xhtml"
        text = _xhtml(chapter.text)
        for target in set(_INTERNAL.findall(text)):
            text = text.replace(f'href="#{target}"', f'href="{places[target].removeprefix(name)}"')
        used = [kind for kind in ("mathml", "svg") if chapter.text.find(_ELEMENTS[kind])]
        page = _page(edition, chapter.title, text, styles, chapter.part)
        pages.append(File(name, _XHTML, page.encode(), " ".join(used)))
    return pages


def _page(
    edition: Edition, title: str, text: str, styles: list[str], part: Node | None = None
) -> str:
    template = TEMPLATES.get_template("page.xhtml.jinja")
    return template.render(edition=edition, title=title, text=text, styles=styles, part=part)


def _xhtml(article: Tag) -> str:
    """An article in XHTML, without the attributes that HTML 5 does not have."""
    for tag in article.find_all(True):
        if tag.name in _NAMESPACES:
            tag["xmlns"] = _NAMESPACES[tag.name]
            if tag.name == "svg":
                tag["xmlns:xlink"] = "http://www.w3.org/1999/xlink"
        if tag.name.startswith("m") and tag.name not in ("math", "mstyle"):
            _wrap_style(tag)
        for outdated in _OUTDATED:
            if tag.namespace == _HTML and tag.has_attr(outdated):
                del tag[outdated]
    return article.decode()


def _wrap_style(tag: Tag) -> None:
    """Move attributes that MathML 3, unlike browsers, allows only on ``mstyle``."""
    moved = {name: tag.attrs.pop(name) for name in _STYLING if tag.has_attr(name)}
    if moved:
        style = BeautifulSoup("", "html.parser").new_tag("mstyle", tag.namespace)
        style.attrs = moved
        tag.wrap(style)


def _kind(name: str) -> str:
    kind = mimetypes.guess_type(name)[0]
    if kind is None:
        raise EditionError(f"Expected a picture or a font, received {name}: its type is unknown.")
    return kind
