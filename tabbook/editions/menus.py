"""Links to the editions in the download menus of the built book.

The editions are made after the pages, so the links are added to the files of the pages. Without
editions, there are none.
"""

import re
from html import escape
from pathlib import Path

from tabbook.config import Book
from tabbook.editions.contents import EditionError

FOLDER = "editions"
#: Suffix of a file -> its name for readers, and an icon of the theme
KINDS = {".pdf": ("PDF", "file-pdf"), ".epub": ("ePub", "file")}
_BEGIN, _END = "<!-- editions -->", "<!-- end of editions -->"
_OLD = re.compile(f"{_BEGIN}.*?{_END}", re.DOTALL)
_MENU = re.compile(r'class="dropdown dropdown-download-buttons.*?(?=</ul>)', re.DOTALL)
# As the theme writes it. `framework_tabs.js` shows only the links of the chosen framework.
_LINK = (
    '<li><a href="{href}" target="_blank" class="btn btn-sm btn-framework-{id} dropdown-item"'
    ' title="{hint}" data-bs-placement="left" data-bs-toggle="tooltip">'
    '<span class="btn__icon-container"><i class="fas fa-{icon}"></i></span>'
    '<span class="btn__text-container">{text}</span></a></li>'
)


def offer(book: Book, html: Path) -> None:
    """Link all editions in a built book from the download menu of each page.

    Links to editions that are no longer there are removed.

    Args:
        book: the book, whose frameworks name the editions.
        html: the folder of the built book.

    Raises:
        EditionError: there are editions, but no page has a download menu.
    """
    editions = [
        (path, framework)
        for framework in book.frameworks.values()
        for path in sorted((html / FOLDER).glob(f"*-{framework.id}.*"))
        if path.suffix in KINDS
    ]
    menus = 0
    for page in sorted(html.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        depth = "../" * (len(page.relative_to(html).parts) - 1)
        links = "".join(
            _LINK.format(
                href=escape(f"{depth}{FOLDER}/{path.name}"),
                id=framework.id,
                hint=escape(f"Download the whole book for {framework.label}"),
                icon=KINDS[path.suffix][1],
                text=escape(
                    f"Book as {KINDS[path.suffix][0]} ({framework.label}, {megabytes(path)})"
                ),
            )
            for path, framework in editions
        )
        block = f"{_BEGIN}{links}{_END}" if links else ""
        changed = _OLD.sub("", text)
        if menu := _MENU.search(changed):
            menus += 1
            changed = changed[: menu.end()] + block + changed[menu.end() :]
        if changed != text:
            page.write_text(changed, encoding="utf-8")
    if editions and not menus:
        raise EditionError(
            f"Expected download menus in the pages of {html}, found none. The theme's template may "
            "have changed: adapt tabbook/editions/menus.py."
        )


def megabytes(file: Path) -> str:
    """The size of a file for readers."""
    return f"{file.stat().st_size / 1e6:.1f} MB"
