"""Sphinx extension: links to each framework's notebook, to download it or to run it on another
machine, and to the slides.
"""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from tabbook.config import Book, book_of
from tabbook.editions import menus
from tabbook.editions.contents import EditionError
from tabbook.pages.contents import name_of
from tabbook.pages.elsewhere import NO_REPOSITORY, machines, published
from tabbook.pages.merge import StaleNotebookError
from tabbook.pages.source import SourceError
from tabbook.slides import decks
from tabbook.slides.outline import SlideError
from tabbook.sphinx.read_pages import notebook_path
from tabbook.sphinx.theme_patches import count_matches

# The theme's buttons for the merged page, which cannot be executed
MERGED = ("download-notebook-button", "download-source-button")


def hide_links_without_address(app: Sphinx, config: Config) -> None:
    """Omit links to the repository if ``_config.yml`` has no address for it."""
    options = config.html_theme_options
    if NO_REPOSITORY in options.get("repository_url", NO_REPOSITORY):
        for name in ("repository_url", "launch_buttons"):
            options.pop(name, None)
        options["use_edit_page_button"] = options["use_issues_button"] = False


def fill_menus(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Offer the page's notebooks, and its slides or else the first slides of the book.

    ``framework_tabs.js`` shows only those of the chosen framework.
    """
    book, frameworks = book_of(app.srcdir), app.config.tabbook_pages.get(pagename)

    def button(framework: str, place: str, icon: str, text: str, hint: str) -> dict[str, str]:
        label = book.frameworks[framework].label
        return {
            "type": "link",
            "url": context["pathto"](place, 1),
            "text": text.format(label),
            "icon": f"fas fa-{icon}",
            "tooltip": hint.format(label),
            "label": f"framework-{framework}",
        }

    for menu in context.get("header_buttons", []):
        if menu.get("label") == "download-buttons":
            if frameworks:
                count_matches(app, "notebook links")
                words = "code", ".ipynb ({})", "Download the {} notebook"
                menu["buttons"] = [
                    *(button(name, _download(app, pagename, name), *words) for name in frameworks),
                    *(one for one in menu["buttons"] if one.get("label") not in MERGED),
                ]
            pages = [decks.page_of(outline) for outline in decks.outlines(book.root)]
            if pages:
                own = book.root / f"{pagename}.md"
                page = own if own in pages else pages[0]
                words = "desktop", "Slides ({})", "Show the slides in {}"
                menu["buttons"] += [
                    button(name, decks.location(name_of(book, page), name), *words)
                    for name in app.config.tabbook_pages[_document(book, page)]
                ]
        elif menu.get("label") == "launch-buttons" and frameworks:
            menu["buttons"] = [
                launch
                for button in [*menu["buttons"], *_kaggle_button(book, pagename)]
                for launch in _launch_buttons(book, pagename, frameworks, button)
            ]


def _kaggle_button(book: Book, pagename: str) -> list[dict[str, Any]]:
    """The Kaggle button, which the theme lacks, if the book has an address."""
    where = published(book)
    return [
        {"type": "link", "text": name, "tooltip": f"Launch on {name}", "icon": "fab fa-kaggle"}
        | {"url": address}
        for name, address in (machines(where, f"{pagename}.md") if where else {}).items()
        if name == "Kaggle"
    ]


def _launch_buttons(
    book: Book, pagename: str, frameworks: list[str], button: dict[str, Any]
) -> list[dict[str, Any]]:
    """Copies of a launch button for each framework; a button without a file is unchanged."""
    source = f"{pagename}.md"
    if source not in button.get("url", ""):
        return [button]
    folder, _, name = pagename.rpartition("/")
    return [
        {
            **button,
            "url": button["url"].replace(source, f"{folder}/{framework}/{name}.ipynb".lstrip("/")),
            "text": f"{button['text']} ({book.frameworks[framework].label})",
            "label": f"framework-{framework}",
        }
        for framework in frameworks
    ]


def write_targets(app: Sphinx, exception: Exception | None) -> None:
    """Copy the executed notebooks and the slides to the targets of the buttons."""
    if exception or app.builder.format != "html":
        return
    for docname, frameworks in app.config.tabbook_pages.items():
        for framework in frameworks:
            target = Path(app.outdir) / _download(app, docname, framework)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(notebook_path(app, docname, framework), target)
    try:
        decks.write(book_of(app.srcdir).root, app.outdir)
        # Pages that are written again link to the editions of an earlier build
        menus.offer(book_of(app.srcdir), Path(app.outdir))
    except (EditionError, SlideError, SourceError, StaleNotebookError) as error:
        raise ExtensionError(str(error)) from error


def _download(app: Sphinx, docname: str, framework: str) -> str:
    book = book_of(app.srcdir)
    return f"notebooks/{framework}/{name_of(book, book.root / f'{docname}.md')}.ipynb"


def _document(book: Book, page: Path) -> str:
    return page.relative_to(book.root).with_suffix("").as_posix()


def setup(app: Sphinx) -> None:
    app.connect("config-inited", hide_links_without_address)
    app.connect("html-page-context", fill_menus, priority=900)
    app.connect("build-finished", write_targets)
