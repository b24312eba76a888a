"""Sphinx extension: links from exercises to their solutions.

sphinx-exercise links each solution to its exercise, but not the other way round, and it numbers the
ids of solutions. Here the solution of ``ex-NAME`` also has the id ``sol-NAME``.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import is_exercise_node, solution_node


def solution_id(exercise: str) -> str:
    """The id of the solution of the exercise with this label."""
    return f"sol-{exercise.removeprefix('ex-')}"


class SolutionIds(SphinxTransform):
    """Name each solution after its exercise. Its id from sphinx-exercise remains."""

    # After sphinx-exercise has merged the directives of one solution
    default_priority = 20

    def apply(self, **kwargs: Any) -> None:
        for solution in self.document.findall(solution_node):
            solution["ids"].insert(0, solution_id(solution["target_label"]))


class SolutionLinks(SphinxPostTransform):
    """Add a link to its solution to the title of each exercise that has one."""

    # After sphinx-exercise has written the titles
    default_priority = 30
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        registry = getattr(self.env, "sphinx_exercise_registry", {})
        pages = {
            entry["node"]["target_label"]: entry["docname"]
            for entry in registry.values()
            if isinstance(entry["node"], nodes.Element) and "target_label" in entry["node"]
        }
        for exercise in self.document.findall(is_exercise_node):
            if page := pages.get(exercise["label"]):
                address = self.app.builder.get_relative_uri(self.env.docname, page)
                exercise[0] += nodes.reference(
                    "",
                    "Solution",
                    internal=True,
                    refuri=f"{address}#{solution_id(exercise['label'])}",
                    classes=["solution-link"],
                )


def setup(app: Sphinx) -> None:
    app.add_transform(SolutionIds)
    app.add_post_transform(SolutionLinks)
    app.add_js_file("open_solutions.js", loading_method="defer")
