"""The PDF of an edition, printed by Chromium.

With the same Chromium, the same built book always gives the same bytes.
"""

import io
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

import pikepdf
from pikepdf.models.metadata import encode_pdf_date
from playwright.sync_api import Error, Page, sync_playwright

from tabbook.editions.contents import EditionError
from tabbook.editions.edition import Edition
from tabbook.editions.outline import Node
from tabbook.editions.templates import TEMPLATES

STYLE = Path(__file__).with_name("print.css")
# The lines of the table of contents; the page of each is known only after the first print
_FILL = """numbers => document.querySelectorAll("[data-page-of]").forEach(place => {
  place.textContent = numbers[place.dataset.pageOf];
})"""
# Milliseconds; a busy machine takes a minute to lay out a whole book
_TIMEOUT = 600_000
# Two are enough unless the numbers move a line of the contents to another page
_PRINTS = 4
_FONTS = "() => document.fonts.ready.then(() => true)"


def write(edition: Edition, html: Path, file: Path) -> None:
    """Write the PDF of an edition.

    Args:
        edition: the edition.
        html: the folder of the built book, which contains the style sheets.
        file: the file to write.

    Raises:
        EditionError: Chromium is missing or cannot load a file, or a heading is on no page.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, data in edition.pictures.items():
            (Path(folder) / name).write_bytes(data)
        source = Path(folder) / "book.html"
        source.write_text(_document(edition, html), encoding="utf-8")
        targets = [line.target for top in edition.outline for line in top.walk()]
        printed = _print(source, targets)
    with pikepdf.open(io.BytesIO(printed)) as pdf:
        _number_headers(pdf)
        _describe(pdf, edition)
        pdf.save(file, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)


def _document(edition: Edition, html: Path) -> str:
    """The whole book as one HTML page."""
    styles = [(html / style).resolve().as_uri() for style in edition.styles]
    template = TEMPLATES.get_template("print.html.jinja")
    return template.render(edition=edition, styles=[*styles, STYLE.as_uri()])


def _print(source: Path, targets: list[str]) -> bytes:
    """Print a page, with the page number of each target in its table of contents."""
    try:
        with sync_playwright() as playwright:
            # Without the sandbox, which root cannot use: the page has no scripts
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page(color_scheme="light", java_script_enabled=False)
            missing: list[str] = []
            page.on("requestfailed", lambda request: missing.append(request.url))
            page.goto(source.as_uri(), timeout=_TIMEOUT)
            page.evaluate(_FONTS)
            if missing:
                raise EditionError(
                    f"Expected these files of the built book, found none: {', '.join(missing)}. "
                    "Run: make book"
                )
            printed = _with_page_numbers(page, targets)
            browser.close()
    except Error as error:
        raise EditionError(
            f"Chromium could not print the book: {error.message}\n"
            "If it is missing, run: playwright install chromium"
        ) from error
    return printed


def _with_page_numbers(page: Page, targets: list[str]) -> bytes:
    numbers: dict[str, int] = {}
    for _ in range(_PRINTS):
        printed = _pdf(page)
        places = _page_numbers(printed)
        # Not the other places: one at the edge of a page may move from print to print
        found = {target: places[target] for target in targets}
        if found == numbers:
            return printed
        page.evaluate(_FILL, found)
        numbers = found
    raise EditionError(
        "The page numbers in the table of contents move its lines to other pages each time. "
        f"Give them a fixed width in {STYLE}."
    )


def _pdf(page: Page) -> bytes:
    return page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)


def _page_numbers(printed: bytes) -> dict[str, int]:
    """The page that each id is on, if a link leads to it."""
    with pikepdf.open(io.BytesIO(printed)) as pdf:
        pages = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
        return {
            name.removeprefix("/"): pages[place[0].objgen] for name, place in pdf.Root.Dests.items()
        }


def _number_headers(pdf: pikepdf.Pdf) -> None:
    """Count the ids of the headers of tables from 1; Chromium's depend on what it did before."""
    tables = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary)]
    found = sorted(
        {str(one.ID) for one in tables if one.get("/Type") == "/StructElem" and "/ID" in one}
    )
    # The order is unchanged, so the tree in which readers look up an id remains sorted
    names = {name: pikepdf.String(f"header{number:08}") for number, name in enumerate(found, 1)}

    def renamed(one: pikepdf.Object) -> pikepdf.Object:
        return names.get(str(one), one) if isinstance(one, pikepdf.String) else one

    for one in tables:
        if one.get("/Type") == "/StructElem" and "/ID" in one:
            one.ID = renamed(one.ID)
        for key in ("/Names", "/Limits"):
            if key in one:
                one[key] = pikepdf.Array([renamed(part) for part in one[key]])
        for attributes in one.get("/A", ()):
            if "/Headers" in attributes:
                attributes.Headers = pikepdf.Array([renamed(part) for part in attributes.Headers])


def _describe(pdf: pikepdf.Pdf, edition: Edition) -> None:
    """Add the outline and the properties of the document."""
    places = pdf.Root.Dests

    def item(node: Node) -> pikepdf.OutlineItem:
        line = pikepdf.OutlineItem(node.title, pikepdf.Array(list(places[f"/{node.target}"])))
        line.is_closed = True
        line.children.extend(map(item, node.children))
        return line

    with pdf.open_outline() as outline:
        outline.root.extend(map(item, edition.outline))
    pdf.Root.PageMode = pikepdf.Name.UseOutlines
    pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
    del pdf.docinfo["/CreationDate"], pdf.docinfo["/ModDate"], pdf.docinfo["/Creator"]
    if edition.author:
        pdf.docinfo["/Author"] = edition.author
    if edition.modified:
        date = encode_pdf_date(datetime.fromisoformat(edition.modified))
        pdf.docinfo["/CreationDate"] = pdf.docinfo["/ModDate"] = date
