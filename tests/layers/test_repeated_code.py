"""What a page repeats from an earlier page is the same text, in every notebook."""

import ast
import json

import pytest
from backends import ROOT

from tabbook.pages.source import read_page

CHAPTERS = ROOT / "chapters"
UNCERTAINTY = {
    "check_probabilities", "entropy", "uncertainty", "DropoutMLP", "train", "with_dropout",
    "check_passes", "mc_passes",
}  # fmt: skip
# Earlier page, later page, and what the later one repeats at least.
REPEATED = [
    ("signal", "many_layers", {"scales", "check_mask", "draw_mask", "dropout", "DropoutLayer"}),
    ("dropconnect", "dropconnect_inference", {"check_dropconnect", "draw_mask", "dropconnect"}),
    ("spatial", "dropblock", {
        "bump", "recovered", "check_maps", "SpatialDropout", "show_masks", "maps",
    }),
    ("depth", "drop_path", {"check_branch", "draw_mask", "drop_path"}),
    ("sequences", "recurrent", {"keep_mask", "drop", "check", "check_same"}),
    ("uncertainty", "spread", UNCERTAINTY),
    ("uncertainty", "calibration", UNCERTAINTY | {"probabilities"}),
    ("spread", "calibration", UNCERTAINTY | {"count_seeds"}),
    ("solutions_preliminaries", "solutions_dropout", {"weights"}),
]  # fmt: skip
IN_NUMPY = {"many_layers": {"new_rng"}, "recurrent": {"slope"}}


def texts(framework, page):
    """The source of each function and class that a notebook defines, by name."""
    path = CHAPTERS / framework / f"{page}.ipynb"
    found = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            for node in ast.parse(source).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found[node.name] = ast.get_source_segment(source, node)
    return found


@pytest.mark.parametrize(
    ("framework", "earlier", "later", "names"),
    [
        (framework, earlier, later, names)
        for earlier, later, names in REPEATED
        for framework in read_page(CHAPTERS / f"{later}.md").frameworks
    ],
)
def test_repeated_definitions_are_the_same(framework, earlier, later, names):
    first, second = texts(framework, earlier), texts(framework, later)
    common = first.keys() & second.keys()
    more = IN_NUMPY.get(later, set()) if framework == "numpy" else set()
    assert names | more <= common
    assert {name: second[name] for name in common} == {name: first[name] for name in common}
