"""What a page repeats from an earlier page is the same text, in every notebook."""

import ast
import json

import pytest
from backends import BACKENDS, ROOT

# Earlier page, later page, and what the later one repeats.
COMMON = {
    "check_probabilities", "entropy", "uncertainty", "DropoutMLP", "train", "with_dropout",
    "check_passes", "mc_passes",
}  # fmt: skip
REPEATED = [
    ("uncertainty", "spread", COMMON),
    ("uncertainty", "calibration", COMMON | {"probabilities"}),
    ("spread", "calibration", COMMON | {"count_seeds"}),
]


def texts(framework, page):
    """The source of each function and class that a notebook defines, by name."""
    path = ROOT / "chapters" / framework / f"{page}.ipynb"
    found = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            for node in ast.parse(source).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found[node.name] = ast.get_source_segment(source, node)
    return found


@pytest.mark.parametrize("framework", BACKENDS)
@pytest.mark.parametrize(("earlier", "later", "names"), REPEATED)
def test_repeated_definitions_are_the_same(framework, earlier, later, names):
    first, second = texts(framework, earlier), texts(framework, later)
    common = first.keys() & second.keys()
    assert names <= common
    assert {name: second[name] for name in common} == {name: first[name] for name in common}
