"""Sphinx extension: workarounds for faults of the theme and its helpers.

``PATCHES`` lists them; ``python -m tabbook.sphinx.theme_patches`` prints the list. Most replace a
few characters of the markup of a complete page, because no option changes them. The page is then
right without JavaScript. The other patches are made in other modules, which call `count_matches`.

A build counts how often each patch matched. With ``tabbook_expect_patches: true`` in the
configuration, a patch that never matched gives a warning: either its fault was fixed, or the theme
writes the markup differently now. Incremental and parallel builds (``-j 2``) do not see all pages
in one process, so they do not warn. ``tests/browser/test_accessibility.py`` checks whether the
patches are sufficient. Workarounds in ``static/`` are not counted.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.jinja2glue import BuiltinTemplateLoader
from sphinx.theming import Theme
from sphinx.util import logging

logger = logging.getLogger(__name__)

NONE_FOUND = "none found"
DOCUTILS, SPHINX, MYST_NB = "Docutils 0.21.2", "Sphinx 7.4.7", "MyST-NB 1.4.0"
EXERCISE, JUPYTER_BOOK = "sphinx-exercise 1.2.1", "Jupyter Book 1.0.4"
THEME, BOOK_THEME = "pydata-sphinx-theme 0.17.1", "sphinx-book-theme 1.3.0"
THEME_ISSUES = "https://github.com/pydata/pydata-sphinx-theme"


@dataclass(frozen=True)
class Patch:
    """A fault of another package, and its workaround.

    Attributes:
        name: its name in warnings.
        package: the package with the fault, and the last version in which we saw it.
        fault: a description.
        issue: the address of the upstream issue, if known.
        pattern: a regular expression for the faulty markup; empty if it is not markup.
        replacement: the replacement, as for `re.sub`.
    """

    name: str
    package: str
    fault: str
    issue: str = NONE_FOUND
    pattern: str = ""
    replacement: str | Callable[[re.Match[str]], str] = field(default="", repr=False)


def allow_breaks(words: re.Match[str]) -> str:
    """The same code, with optional line breaks where names or words are joined."""
    return re.sub(r"(?<=[._/(=])(?=\w)|(?<=[a-z])(?=[A-Z])", "<wbr>", words[0])


def without_list(parameters: re.Match[str]) -> str:
    """The lines of a signature, without a definition list."""
    lines = parameters[1].replace("<dd>", "<span>").replace("</dd>", "</span>")
    return f'<span class="signature-lines">{lines}</span>'


#: In the order in which they are made.
PATCHES = (
    Patch(
        "icon script",
        THEME,
        "every page loads a script of half a megabyte that draws the icons of the theme's web font",
        f"{THEME_ISSUES}/issues/2379",
        r"\n[^\n]*/fontawesome\.js[^\n]*",
    ),
    Patch(
        "colour mode of a first visit",
        THEME,
        "an empty mode is an error on the console",
        f"{THEME_ISSUES}/issues/1635",
        r'(?<=localStorage\.getItem\("mode"\) \|\| )""',
        '"auto"',
    ),
    Patch(
        "colours of a first visit",
        THEME,
        "a first visitor's colours are known only to the theme's last script: a dark page flashes",
        f"{THEME_ISSUES}/issues/1857",
        r'(?<=localStorage\.getItem\("theme"\) \|\| )""',
        '(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")',
    ),
    Patch(
        "search index",
        THEME,
        "every page loads Sphinx's search, which this book does not use",
        f"{THEME_ISSUES}/issues/1977",
        r'\n *<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>',
    ),
    Patch(
        "label of a fold",
        MYST_NB,
        'the label hides the words "Show code cell content", which say more',
        pattern=r'<summary aria-label="Toggle hidden content">',
        replacement="<summary>",
    ),
    Patch(
        "ids of exercises",
        EXERCISE,
        "all exercises of a page have the same id, and all solutions another",
        pattern=r' id="(?:exercise|solution)-content"',
    ),
    Patch(
        "role of a citation",
        DOCUTILS,
        "ARIA has given up this role (https://github.com/w3c/dpub-aria/pull/22)",
        pattern=r' role="doc-biblioentry"',
    ),
    Patch(
        "role of the citations",
        DOCUTILS,
        "without that role of its items, it is a list without items",
        pattern=r'<div role="list" class="citation-list">',
        replacement='<div class="citation-list">',
    ),
    Patch(
        "empty heading cell",
        DOCUTILS,
        "a heading without words heads nothing",
        pattern=r'<th class="([^"]*)">\s*(?:<p>\s*</p>\s*)?</th>',
        replacement=r'<td class="\1"></td>',
    ),
    Patch(
        "label of the search button",
        THEME,
        'a label must hold the words that are seen ("Search Ctrl+K"), or there must be none',
        pattern=r'(<button class="btn search-button-field[^>]*?) title="[^"]*" aria-label="[^"]*"',
        replacement=r"\1",
    ),
    Patch(
        "label of the colour switch",
        THEME,
        "the icon repeats the label of its button",
        pattern=r'(<i class="theme-switch [^>]*?) title="[^"]*"',
        replacement=r"\1",
    ),
    Patch(
        "label of a part of the contents",
        THEME,
        "the button that unfolds a part of the contents says nothing",
        pattern=r'(<a class="[^"]*" href="[^"]*">([^<]*)</a><details[^>]*>)<summary>'
        r'(?=<span class="toctree-toggle")',
        replacement=r'\1<summary aria-label="Pages of: \2">',
    ),
    Patch(
        "long signature",
        SPHINX,
        "a list without terms inside a term, where a signature takes a line for each parameter",
        pattern=r'<dl>\s*((?:<dd><em class="sig-param">.*?</em>,</dd>\s*)+)</dl>',
        replacement=without_list,
    ),
    Patch(
        "breaks in long names",
        SPHINX,
        "long names in a narrow column break anywhere",
        pattern=r'(?<=<span class="pre">)[^<]+',
        replacement=allow_breaks,
    ),
    Patch(
        "landmark of the sidebar",
        THEME,
        "the sidebar holds more than its navigation, and is no place to jump to",
        f"{THEME_ISSUES}/pull/1454",
        r'(<div id="pst-primary-sidebar" )',
        r'\1role="region" aria-label="Book" ',
    ),
    # Not markup of the page: these patches are made here or where their names are used
    Patch(
        "thebe",
        JUPYTER_BOOK,
        "sphinx-thebe is always loaded. It runs cells in one kernel a page, names a third party, "
        "and declares its constants twice, which is a script error on every page",
        "https://github.com/jupyter-book/jupyter-book/issues/1603",
    ),
    Patch(
        "notebook links",
        BOOK_THEME,
        "its links lead to the page's source, which cannot be executed, not to the notebooks",
    ),
    Patch(
        "sizes of pictures",
        SPHINX,
        "an image without a size moves the page when it comes",
    ),
    Patch(
        "icon fonts",
        THEME,
        "every page loads three fonts of 300 KB, with 2,000 icons, for a dozen of them",
    ),
    Patch(
        "start page",
        "sphinx-external-toc 1.1.0",
        "its index.html has no language and no title, and loses the query of an address",
    ),
)


def count_matches(app: Sphinx, name: str, times: int = 1) -> None:
    """Count a match of the patch with this name."""
    assert isinstance(app.builder.templates, PatchedTemplates)
    app.builder.templates.matches[name] += times


class PatchedTemplates(BuiltinTemplateLoader):
    """Sphinx's templates, with the patches applied to their output.

    Attributes:
        matches: the number of matches of each patch, by name.
        written: the written pages.
    """

    def init(
        self, builder: Builder, theme: Theme | None = None, dirs: list[str] | None = None
    ) -> None:
        super().init(builder, theme, dirs)
        self.matches: Counter[str] = Counter()
        self.written: set[str] = set()

    def render(self, template: str, context: dict[str, Any]) -> str:  # type: ignore[override]
        page = super().render(template, context)
        if not template.endswith(".html"):
            return page
        self.written.add(context.get("pagename", ""))
        for patch in PATCHES:
            if patch.pattern:
                patched, times = re.subn(patch.pattern, patch.replacement, page)
                self.matches[patch.name] += times if patched != page else 0
                page = patched
        return page


def use_patched_templates(app: Sphinx, config: Config) -> None:
    """Make Sphinx render its pages with the patches."""
    config.template_bridge = f"{__name__}.{PatchedTemplates.__name__}"


def leave_out_thebe(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Remove sphinx-thebe's scripts from the page."""
    scripts = context.get("script_files", [])
    context["script_files"] = [
        script
        for script in scripts
        if "thebe" not in f"{script.filename} {script.attributes.get('body', '')}".lower()
    ]
    count_matches(app, "thebe", len(scripts) - len(context["script_files"]))


def warn_of_idle_patches(app: Sphinx, exception: Exception | None) -> None:
    """Warn of each patch that never matched, if the build is complete."""
    templates = app.builder.templates
    if exception or not isinstance(templates, PatchedTemplates):
        return
    expected = app.config.tabbook_expect_patches and app.env.found_docs <= templates.written
    for patch in PATCHES:
        logger.verbose("patch %r: %d matches", patch.name, templates.matches[patch.name])
        if expected and not templates.matches[patch.name]:
            logger.warning(
                "the patch %r never matched: %s no longer has its fault (%s), or writes it "
                "differently now. Delete the patch, or adapt it. Issue: %s",
                patch.name,
                patch.package,
                patch.fault,
                patch.issue,
                type="tabbook",
                subtype="patch",
            )


def setup(app: Sphinx) -> None:
    app.add_config_value("tabbook_expect_patches", False, "", bool)
    app.connect("config-inited", use_patched_templates)
    app.connect("html-page-context", leave_out_thebe, priority=900)
    # After everything that counts
    app.connect("build-finished", warn_of_idle_patches, priority=950)


if __name__ == "__main__":
    for each in PATCHES:
        print(f"{each.name} ({each.package}): {each.fault}. Issue: {each.issue}")
