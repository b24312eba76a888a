"""Sphinx extension: combine alternative cells into one set of tabs."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx_design.shared import create_component, is_component

from tabbook.config import book_of
from tabbook.pages.merge import GROUP_KEY, TAB_TAG

#: The name under which sphinx-design keeps all these tabs in step.
SYNC_GROUP = "framework"
#: The class of the panel of a framework that has nothing in a tab set.
NONE = "framework-tabs-none"


class FrameworkTabs(SphinxTransform):
    """Combine adjacent cells of one group into one tab set, with a tab for every framework.

    A framework without code or prose has an empty tab of the class `NONE`. Otherwise another
    framework than the chosen one would be shown there. ``framework_tabs.css`` hides the empty tabs.
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
            if labels and all(label.get("sync_group") == SYNC_GROUP for label in labels):
                box["classes"].append("framework-tabs-prose")
                self.complete(box, frameworks)
        groups: dict[int, list[nodes.container]] = {}
        for cell in self.document.findall(_group):
            groups.setdefault(_group(cell), []).append(cell)
        for cells in groups.values():
            self.enclose(cells, frameworks)

    def enclose(self, cells: list[nodes.container], frameworks: list[str]) -> None:
        """Replace some cells by a new tab set that contains them."""
        box = create_component("tab-set", classes=["sd-tab-set"])
        box.source, box.line = cells[0].source, cells[0].line
        cells[0].replace_self(box)
        for cell in cells:
            if cell.parent is not None and cell is not cells[0]:
                cell.parent.remove(cell)
            language = self.book.frameworks[_framework(cell)].language
            for part in cell.findall(_is_input):
                for block in part.findall(nodes.literal_block):
                    block["language"] = block["language"] if language == "python" else language
            box += self.item(_framework(cell), [cell])
        self.complete(box, frameworks)

    def complete(self, box: nodes.container, frameworks: list[str]) -> None:
        """Add the missing tabs to a tab set, and sort all tabs in the page's order."""
        items = {item[0].get("sync_id"): item for item in box if is_component(item, "tab-item")}
        box["classes"].append("framework-tabs")
        if not items.keys() >= set(frameworks):
            box["classes"].append("framework-tabs-partial")
        others = [child for child in box if not is_component(child, "tab-item")]
        box.children = []
        box += others + [items.get(name) or self.item(name, [], NONE) for name in frameworks]

    def item(self, framework: str, content: list[nodes.Node], *classes: str) -> nodes.container:
        """A tab of sphinx-design's; the classes are those of its panel."""
        text = self.book.frameworks[framework].label
        label = nodes.rubric(
            text, text, classes=["sd-tab-label"], sync_id=framework, sync_group=SYNC_GROUP
        )
        panel = create_component(
            "tab-content", classes=["sd-tab-content", *classes], children=content
        )
        return create_component(
            "tab-item", classes=["sd-tab-item"], selected=False, children=[label, panel]
        )


def _group(node: nodes.Node) -> int:
    """The group of a cell in a tab; 0 if it is not in a tab."""
    if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
        return int(node["cell_metadata"].get(GROUP_KEY, {}).get("group", 0))
    return 0


def _is_input(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code_source"


def _framework(cell: nodes.container) -> str:
    tags: list[str] = cell["cell_metadata"]["tags"]
    return next(tag for tag in tags if tag.startswith(TAB_TAG)).removeprefix(TAB_TAG)


def setup(app: Sphinx) -> None:
    app.setup_extension("sphinx_design")
    app.add_transform(FrameworkTabs)
