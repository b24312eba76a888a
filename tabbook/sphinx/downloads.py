"""Sphinx extension: each framework's own notebook to download, or to run on another machine."""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from tabbook.config import Book, book_of
from tabbook.pages.elsewhere import NO_REPOSITORY, machines, published
from tabbook.sphinx.assets import METADATA
from tabbook.sphinx.read_pages import notebook_path
from tabbook.sphinx.theme_patches import count_matches


def hide_links_without_address(app: Sphinx, config: Config) -> None:
    """Leave out what would lead into a repository as long as ``_config.yml`` names none."""
    options = config.html_theme_options
    if NO_REPOSITORY in options.get("repository_url", NO_REPOSITORY):
        for name in ("repository_url", "launch_buttons"):
            options.pop(name, None)
        options["use_edit_page_button"] = False


def link_notebooks(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Point the page's download and launch buttons at each framework's own notebook.

    The theme's point at the merged page, which nobody can run. ``framework_tabs.js`` shows those
    of the chosen framework only.
    """
    frameworks = app.config.tabbook_pages.get(pagename, [])
    book = book_of(app.srcdir)
    for menu in context.get("header_buttons", []) if frameworks else []:
        if menu.get("label") == "download-buttons":
            merged = {"download-notebook-button", "download-source-button"}
            count_matches(app, "notebook links")
            menu["buttons"] = [
                {
                    "type": "link",
                    "url": context["pathto"](_download(pagename, name), 1),
                    "text": f".ipynb ({book.frameworks[name].label})",
                    "icon": "fas fa-code",
                    "tooltip": f"Download the {book.frameworks[name].label} notebook",
                    "label": f"framework-{name}",
                }
                for name in frameworks
            ] + [button for button in menu["buttons"] if button.get("label") not in merged]
        elif menu.get("label") == "launch-buttons":
            menu["buttons"] = [
                launch
                for button in [*menu["buttons"], *_kaggle_button(book, pagename)]
                for launch in _launch_buttons(book, pagename, frameworks, button)
            ]


def _kaggle_button(book: Book, pagename: str) -> list[dict[str, Any]]:
    """The button that the theme lacks, if the book has an address."""
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
    """A launch button once for each framework; a button that opens no file stays as it is."""
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


def copy_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Put the executed notebooks where the download links point."""
    if exception or app.builder.format != "html":
        return
    for docname, frameworks in app.config.tabbook_pages.items():
        for framework in frameworks:
            target = Path(app.outdir) / _download(docname, framework)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(notebook_path(app, docname, framework), target)


def _download(docname: str, framework: str) -> str:
    return f"notebooks/{framework}/{docname.rpartition('/')[2]}.ipynb"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect everything (Sphinx calls this)."""
    app.setup_extension("tabbook.sphinx.read_pages")
    app.connect("config-inited", hide_links_without_address)
    app.connect("html-page-context", link_notebooks, priority=900)
    app.connect("build-finished", copy_notebooks)
    return METADATA
