"""Sphinx extension: show the executed notebooks of a page as one page with synchronised tabs.

Named in ``_config.yml``, it lets plain ``jupyter-book build .`` work on a fresh clone and execute
nothing. For each page with frameworks it

1. reads the source and its executed notebooks in place of the source alone (``read``),
2. moves the cells that are alternatives to each other into one tab set (``FrameworkTabs``),
3. offers each framework's notebook to take along (``offer_notebooks``, ``copy_notebooks``),
4. puts a chooser into the header of every page (``add_chooser``, ``offer_choice``).
"""

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx_design.shared import create_component, is_component

from tabbook import __version__
from tabbook.config import Book, ConfigError, book_of
from tabbook.figures.svg import lighten
from tabbook.pages.merge import GROUP_KEY, TAB_TAG, StaleNotebookError, merge
from tabbook.pages.source import SourceError, pages, read_page

GROUP = "framework"
STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
# In `_config.yml` as long as the book has no address
NO_REPOSITORY = "OWNER/REPOSITORY"


# --- 1. reading ---------------------------------------------------------------------------------


def find_pages(app: Sphinx, config: Config) -> None:
    """Tell MyST-NB to read each page with frameworks through ``read``."""
    try:
        book = book_of(app.srcdir)
        found = pages(Path(app.srcdir) / book.chapters)
    except (ConfigError, SourceError) as error:
        raise ExtensionError(str(error)) from error
    formats, frameworks = dict(config.nb_custom_formats), {}
    for page in found:
        # MyST-NB asks whether the path *ends* with the key, so a whole path names one file. Added
        # after MyST-NB itself has looked: it would take the key for a suffix of source files.
        formats[str(page.path)] = [f"{__name__}.read", {"path": str(page.path)}]
        docname = page.path.relative_to(app.srcdir).with_suffix("").as_posix()
        frameworks[docname] = list(page.frameworks)
    config.nb_custom_formats = formats
    config.tabbook_pages = frameworks
    # The notebooks are part of their page and no pages of their own.
    config.exclude_patterns = [
        *config.exclude_patterns,
        *(f"{book.chapters}/{name}/**" for name in book.frameworks),
    ]


def read(text: str, path: str) -> nbformat.NotebookNode:
    """Read a page for MyST-NB.

    Args:
        text: the text of the source, as MyST-NB hands it over.
        path: its path.

    Raises:
        ExtensionError: the source or a notebook is not in order; Sphinx shows the message.
    """
    try:
        page = read_page(path)
        notebooks = {
            framework: nbformat.read(page.notebook(framework), as_version=4)
            for framework in page.frameworks
            if page.notebook(framework).exists()
        }
        return lighten(merge(page, notebooks))
    except (SourceError, StaleNotebookError) as error:
        raise ExtensionError(str(error)) from error


def note_notebooks(app: Sphinx, docname: str, content: list[str]) -> None:
    """Have the page built anew when one of its notebooks changes."""
    for framework in app.config.tabbook_pages.get(docname, []):
        app.env.note_dependency(str(_notebook(app, docname, framework)))


def _notebook(app: Sphinx, docname: str, framework: str) -> Path:
    source = Path(app.srcdir) / docname
    return source.parent / framework / f"{source.name}.ipynb"


# --- 2. tabs ------------------------------------------------------------------------------------


class FrameworkTabs(SphinxTransform):
    """Neighbouring cells of one group become one tab set; every tab set knows every framework.

    A framework without code or words gets a tab that says so. Otherwise the choice of a reader
    would fall back to some other framework there.
    """

    # After MyST-NB has made the cells, and while the page is read: sphinx-design turns tab sets
    # into HTML only when it is written.
    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        frameworks = self.config.tabbook_pages.get(self.env.docname)
        self.book = book_of(self.env.srcdir)
        if not frameworks:
            return
        for box in self.document.findall(lambda node: is_component(node, "tab-set")):
            labels = [item[0] for item in box if is_component(item, "tab-item")]
            if labels and all(label.get("sync_group") == GROUP for label in labels):
                self.complete(box, frameworks, "Nothing to add for {missing} here.")
        groups: dict[int, list[nodes.container]] = {}
        for cell in self.document.findall(_group):
            groups.setdefault(_group(cell), []).append(cell)
        for cells in groups.values():
            self.enclose(cells, frameworks)

    def enclose(self, cells: list[nodes.container], frameworks: list[str]) -> None:
        """Put a new tab set in the place of some cells, and the cells into it."""
        box = create_component("tab-set", classes=["sd-tab-set"])
        box.source, box.line = cells[0].source, cells[0].line
        cells[0].replace_self(box)
        for cell in cells:
            if cell.parent is not None and cell is not cells[0]:
                cell.parent.remove(cell)
            box += self.item(_framework(cell), [cell])
        present = [_framework(cell) for cell in cells]
        labels = _listed([self.book.frameworks[name].label for name in present])
        verb = "needs" if len(present) == 1 else "need"
        self.complete(box, frameworks, f"No {{missing}} code here: only {labels} {verb} this step.")

    def complete(self, box: nodes.container, frameworks: list[str], note: str) -> None:
        """Give a tab set its missing tabs, and all of them the page's order."""
        items = {item[0].get("sync_id"): item for item in box if is_component(item, "tab-item")}
        missing = [name for name in frameworks if name not in items]
        for name in frameworks:
            if name not in items:
                table = self.book.frameworks[name]
                text = note.format(missing=table.label)
                if table.absent and missing == [name]:
                    text = table.absent
                words = nodes.paragraph(text, text, classes=["framework-tabs-note"])
                words.source, words.line = box.source, box.line
                items[name] = self.item(name, [words])
        box["classes"].append("framework-tabs")
        others = [child for child in box if not is_component(child, "tab-item")]
        box.children = []
        box += others + [items[name] for name in frameworks]

    def item(self, framework: str, content: list[nodes.Node]) -> nodes.container:
        """A tab of sphinx-design's."""
        text = self.book.frameworks[framework].label
        label = nodes.rubric(
            text, text, classes=["sd-tab-label"], sync_id=framework, sync_group=GROUP
        )
        panel = create_component("tab-content", classes=["sd-tab-content"], children=content)
        return create_component(
            "tab-item", classes=["sd-tab-item"], selected=False, children=[label, panel]
        )


def _group(node: nodes.Node) -> int:
    """The group of a cell that belongs into a tab; 0: this is none."""
    if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
        return node["cell_metadata"].get(GROUP_KEY, {}).get("group", 0)
    return 0


def _framework(cell: nodes.container) -> str:
    tags = cell["cell_metadata"]["tags"]
    return next(tag for tag in tags if tag.startswith(TAB_TAG)).removeprefix(TAB_TAG)


def _listed(words: list[str]) -> str:
    """Words as in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


# --- 3. notebooks to take along -----------------------------------------------------------------


def hide_links_without_address(app: Sphinx, config: Config) -> None:
    """Leave out what would lead into a repository as long as ``_config.yml`` names none."""
    options = config.html_theme_options
    if NO_REPOSITORY in options.get("repository_url", NO_REPOSITORY):
        for name in ("repository_url", "launch_buttons"):
            options.pop(name, None)
        options["use_edit_page_button"] = False


def offer_notebooks(
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
                for button in menu["buttons"]
                for launch in _launch_buttons(book, pagename, frameworks, button)
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
            shutil.copyfile(_notebook(app, docname, framework), target)


def _download(docname: str, framework: str) -> str:
    return f"notebooks/{framework}/{docname.rpartition('/')[2]}.ipynb"


# --- 4. the chooser ------------------------------------------------------------------------------


def add_chooser(app: Sphinx, config: Config) -> None:
    """Put the chooser into the theme's header, beside the button for the contents."""
    config.templates_path.append(str(TEMPLATES))
    config.html_theme_options.setdefault(
        "article_header_start", ["toggle-primary-sidebar.html", "framework-chooser.html"]
    )


def offer_choice(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Tell the chooser every framework, and those which the page does not have."""
    frameworks = book_of(app.srcdir).frameworks
    here = app.config.tabbook_pages.get(pagename, frameworks)
    context["framework_choices"] = [
        (name, framework.label, name in here) for name, framework in frameworks.items()
    ]


# --- set-up -------------------------------------------------------------------------------------


def leave_out_thebe(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Take sphinx-thebe's scripts off the page.

    Jupyter Book loads that extension always; it runs cells in one kernel a page, names a third
    party, and declares its constants twice, which is a script error on every page.
    """
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in f"{script.filename} {script.attributes.get('body', '')}".lower()
    ]


def add_assets(app: Sphinx) -> None:
    """Add the style and the scripts of the tabs and tables."""
    if app.builder.format != "html":
        return
    app.config.html_static_path.append(str(STATIC))
    app.add_css_file("book.css")
    frameworks = book_of(app.srcdir).frameworks
    labels = {name: framework.label for name, framework in frameworks.items()}
    attributes: dict[str, Any] = {
        "data-frameworks": json.dumps(labels),
        "data-storage-key": app.config.sd_tabs_storage_prefix + GROUP,
    }
    # Before sphinx-design's script, which believes whatever the address says.
    app.add_js_file("framework_tabs.js", priority=400, **attributes)
    app.add_js_file("search_marks.js")
    app.add_js_file("theme_before_paint.js")
    app.add_js_file("sortable_tables.js")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect everything (Sphinx calls this)."""
    app.setup_extension("myst_nb")
    app.setup_extension("sphinx_design")
    # What find_pages finds: document -> its frameworks.
    app.add_config_value("tabbook_pages", {}, "env", dict)
    app.add_transform(FrameworkTabs)
    app.connect("config-inited", find_pages, priority=900)
    app.connect("config-inited", hide_links_without_address)
    app.connect("config-inited", add_chooser)
    app.connect("builder-inited", add_assets)
    app.connect("source-read", note_notebooks)
    app.connect("html-page-context", offer_notebooks, priority=900)
    app.connect("html-page-context", offer_choice)
    app.connect("html-page-context", leave_out_thebe, priority=900)
    app.connect("build-finished", copy_notebooks)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
