"""A notebook that JupyterLab opens and saves is afterwards what it was before, byte for byte.

The page in the browser reads JSON and writes JSON, and the server puts that into a file with
nbformat. Node.js stands for the browser here.
"""

import json
import random
import shutil
import struct
import subprocess

import nbformat
import pytest
from backends import ROOT

from tabbook.pages.notebooks import write

COMMITTED = sorted((ROOT / "chapters").glob("*/*.ipynb"))

BROWSER = """
const { readFileSync } = require("node:fs");
const saved = process.argv.slice(1).map((path) =>
  JSON.stringify(JSON.parse(readFileSync(path, "utf8"))));
process.stdout.write(JSON.stringify(saved));
"""


def saved(*paths):
    """The texts that JupyterLab writes in the place of notebooks."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js, which stands for a browser here, is not installed")
    done = subprocess.run([node, "-e", BROWSER, *paths], capture_output=True, check=True)
    for text in json.loads(done.stdout):
        yield nbformat.writes(nbformat.from_dict(json.loads(text))) + "\n"


@pytest.fixture(scope="module")
def saved_again():
    return dict(zip(COMMITTED, saved(*COMMITTED), strict=True))


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_saving_a_committed_notebook_changes_nothing(saved_again, path):
    before = path.read_text(encoding="utf-8").split("\n")
    after = saved_again[path].split("\n")
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert not changed, f"{len(changed)} lines, the first: {changed[0]}"


def test_saving_changes_no_number_and_no_word(tmp_path):
    draw = random.Random(0)
    floats = [struct.unpack("d", draw.randbytes(8))[0] for _ in range(2000)]
    floats += [draw.randint(-99, 99) * 10.0 ** draw.randint(-9, 25) for _ in range(2000)]
    numbers = [0, 1, -1, 0.0, -0.0, 0.1, 2.0**53, 2.0**65, 1e20, 1e21, 1e-4, 1e-7, *floats]
    data = {
        "application/json": [one for one in numbers if abs(one) < float("inf")],  # and no nan
        "text/plain": 'é ☃ \x1b[0m \x7f \\ " / \u2028 a\r\nb\n',
        "image/svg+xml": "<svg>\n</svg>\n",
        "image/png": "AA==",
    }
    output = nbformat.v4.new_output("display_data", data, metadata={"image/png": {"width": 336.0}})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])])
    path = tmp_path / "numbers.ipynb"
    write(notebook, path)
    assert [path.read_text(encoding="utf-8")] == list(saved(path))
    read = nbformat.read(path, as_version=4).cells[0].outputs[0].data
    assert [float(one) for one in read.pop("application/json")] == data.pop("application/json")
    assert read == data
