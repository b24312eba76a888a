"""The outline of an edition: its parts, pages and headings."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bs4 import Tag

from tabbook.editions.contents import EditionError

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass
class Node:
    """A line of the outline.

    Attributes:
        title: the text of a part, a page's title or another heading.
        target: its id in the edition.
        children: the lines below it.
    """

    title: str
    target: str
    children: list["Node"] = field(default_factory=list)

    def walk(self) -> Iterator["Node"]:
        """This line and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


def headings(article: Tag, page: str) -> Node:
    """The title of a page, with its other headings below it.

    Args:
        article: the text of the page, whose sections have ids.
        page: the name of the page, for the message of an error.

    Raises:
        EditionError: the page has no heading.
    """
    above: list[tuple[int, Node]] = []
    for heading in article.find_all(HEADINGS):
        section = heading.find_parent("section")
        place = section if above and section and section.get("id") else article
        node = Node(" ".join(heading.get_text().split()), str(place["id"]))
        level = int(heading.name[1])
        while len(above) > 1 and above[-1][0] >= level:
            above.pop()
        if above:
            above[-1][1].children.append(node)
        above.append((level, node))
    if not above:
        raise EditionError(f"Expected a heading on the page {page}, found none.")
    return above[0][1]
