"""Faults of stored notebooks, and of what a kernel finds around it: what each does.

A fault of the kind ``stored`` is given the notebook of the preliminaries as JSON; of the kind
``file``, its path; of the kind ``environment``, the mutant's folder, and returns variables for the
kernel.
"""

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pooch

SERIES = "application/vnd.d2lcompat.series+json"
# Code by which a cell is known
PRINT, FIT, POINTS, DESCRIBE = "print(X.shape", "trainer.fit(", "class Points", "def describe"


def _code(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _with(notebook: dict, text: str) -> dict:
    """The code cell that has this text."""
    return next(cell for cell in _code(notebook) if text in "".join(cell["source"]))


def _paragraph(notebook: dict) -> dict:
    return next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")


def _extend(cell: dict, text: str) -> None:
    cell["source"] = "".join(cell["source"]) + text


def _printed(cell: dict, old: str, new: str) -> None:
    """Change a cell's stored text."""
    for output in cell["outputs"]:
        text = "".join(output.get("text", []))
        if old in text:
            output["text"] = text.replace(old, new, 1)
            return
    raise AssertionError(f"{old!r} is not in the cell's output")


def _figure(notebook: dict) -> dict:
    """The data of the output that is the training curve."""
    outputs = _with(notebook, FIT)["outputs"]
    return next(output["data"] for output in outputs if "image/svg+xml" in output.get("data", {}))


def _swap(one: dict, other: dict, key: str) -> None:
    one[key], other[key] = other[key], one[key]


def _swap_cells(notebook: dict) -> None:
    cells = notebook["cells"]
    one, other = (cells.index(_with(notebook, text)) for text in (POINTS, DESCRIBE))
    cells[one], cells[other] = cells[other], cells[one]


def _store_twice(notebook: dict) -> None:
    cell = _with(notebook, POINTS)
    notebook["cells"].insert(notebook["cells"].index(cell), dict(cell, id="twice"))


def _strip_all(notebook: dict) -> None:
    for cell in _code(notebook):
        cell.update(outputs=[], execution_count=None)


def _change_fifth_digit(notebook: dict) -> None:
    cell = _with(notebook, "fingerprint(")
    first = "".join(cell["outputs"][0]["text"]).split()[6]
    _printed(cell, first, f"{float(first) + 2e-4:.6f}")


def _change_curve(notebook: dict) -> None:
    line = _figure(notebook)[SERIES]["axes"][0]["lines"][0]
    line["y"] = [1.5 * y for y in line["y"]]


def _make_raw(notebook: dict) -> None:
    cell = _with(notebook, DESCRIBE)
    cell["cell_type"] = "raw"
    del cell["outputs"], cell["execution_count"]


def _widen_tolerance(notebook: dict) -> None:
    tags = _with(notebook, FIT)["metadata"]["tags"]
    tags[tags.index("rtol=0.05")] = "rtol=10"


def _cut_cells(notebook: dict) -> None:
    cells = notebook["cells"]
    del cells[cells.index(_with(notebook, "fingerprint(")) :]


def _stream(name: str, text: str) -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def _tag(text: str) -> Callable[[dict], object]:
    return lambda notebook: _with(notebook, PRINT)["metadata"]["tags"].append(text)


def _record(**changes: object) -> Callable[[dict], object]:
    return lambda notebook: notebook["metadata"]["d2lcompat"].update(changes)


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": []}
R = {"name": "ir", "display_name": "R", "language": "R"}
STORED: dict[str, Callable[[dict], object]] = {
    "a cell edited": lambda n: _with(n, FIT).update(
        source="trainer = d2l.Trainer(3)\ntrainer.fit(model, data)"
    ),
    "a comment added to a cell": lambda n: _extend(_with(n, DESCRIBE), "  # edited here only"),
    "a cell moved": _swap_cells,
    "a code cell deleted": lambda n: n["cells"].remove(_with(n, "guesses")),
    "a code cell added": lambda n: n["cells"].insert(
        3, dict(_code(n)[1], id="added", source="x = 1", outputs=[])
    ),
    "a code cell stored twice": _store_twice,
    "a cell's outputs stripped": lambda n: _with(n, PRINT).update(outputs=[]),
    "a cell stripped of outputs and count": lambda n: _with(n, PRINT).update(
        outputs=[], execution_count=None
    ),
    "the whole notebook stripped": _strip_all,
    "a code cell emptied": lambda n: _with(n, PRINT).update(source=""),
    "an execution count removed": lambda n: _with(n, PRINT).update(execution_count=None),
    "execution counts out of order": lambda n: _swap(*_code(n)[3:5], "execution_count"),
    "an output added": lambda n: _with(n, "d2l.seed_everything(0)").update(
        outputs=[_stream("stdout", "once there\n")]
    ),
    "a warning turned silent": lambda n: _with(n, PRINT)["outputs"].append(
        _stream("stderr", "UserWarning: once there\n")
    ),
    "an error stored": lambda n: _with(n, PRINT)["outputs"].append(ERROR),
    "outputs of two cells swapped": lambda n: _swap(_with(n, PRINT), _with(n, POINTS), "outputs"),
    "outputs of a cell in another order": lambda n: _with(n, FIT)["outputs"].reverse(),
    "an integer in an output changed": lambda n: _printed(
        _with(n, "training batches"), "235", "236"
    ),
    "a word in an output changed": lambda n: _printed(
        _with(n, "training batches"), "training", "learning"
    ),
    "the fifth digit of a loss changed": _change_fifth_digit,
    "a figure's data removed": lambda n: _figure(n).pop(SERIES),
    "a figure's data changed": _change_curve,
    "a figure's picture removed": lambda n: _figure(n).pop("image/svg+xml"),
    "a figure's picture replaced by another": lambda n: _figure(n).update(
        {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'></svg>"}
    ),
    "a figure's description changed": lambda n: _figure(n).update({"text/plain": "Another curve."}),
    "a paragraph edited": lambda n: _extend(_paragraph(n), " Edited."),
    "a paragraph deleted": lambda n: n["cells"].remove(_paragraph(n)),
    "a code cell made raw": _make_raw,
    "a tolerance widened": _widen_tolerance,
    "a cell skipped by a tag": _tag("nbval-skip"),
    "an output ignored by a tag": _tag("nbval-ignore-output"),
    "an exception expected by a tag": _tag("raises-exception"),
    "a cell's id changed": lambda n: _code(n)[2].update(id="another"),
    "another framework recorded": _record(framework="numpy"),
    "another seed recorded": _record(seed=1),
    "another version recorded": lambda n: n["metadata"]["d2lcompat"]["versions"].update(
        numpy="1.0.0"
    ),
    "another kernel recorded": lambda n: n["metadata"].update(kernelspec=R),
    "the record of its making removed": lambda n: n["metadata"].pop("d2lcompat"),
    "the notebook of an earlier page state": _cut_cells,
}
# What the report has to say, where the check need not fail
TOLD = {"another version recorded": "numpy 1.0.0 recorded"}


def _cut_off(path: Path) -> None:
    path.write_text(path.read_text()[: path.stat().st_size // 2])


FILE: dict[str, Callable[[Path], object]] = {"the notebook cut off": _cut_off}


def _data(file: str, change: Callable[[bytes], bytes]) -> Callable[[Path], dict[str, str]]:
    """The kernel reads a copy of the data files, of which one is changed."""

    def act(folder: Path) -> dict[str, str]:
        there = os.environ.get("D2LCOMPAT_DATA") or pooch.os_cache("d2lcompat") / "fashion-mnist"
        path = Path(shutil.copytree(there, folder / "data")) / file
        path.write_bytes(change(path.read_bytes()))
        return {"D2LCOMPAT_DATA": str(path.parent)}

    return act


def _labels_off_by_one(packed: bytes) -> bytes:
    raw = gzip.decompress(packed)
    return gzip.compress(raw[:8] + bytes((b + 1) % 10 for b in raw[8:]), mtime=0)


def _at_start(code: str) -> Callable[[Path], dict[str, str]]:
    """Python runs a file of this name, if it finds one, when it starts."""

    def act(folder: Path) -> dict[str, str]:
        (folder / "sitecustomize.py").write_text(code)
        return {"PYTHONPATH": str(folder)}

    return act


ENVIRONMENT: dict[str, Callable[[Path], dict[str, str]]] = {
    "labels in the data files off by one": _data("train-labels-idx1-ubyte.gz", _labels_off_by_one),
    "a data file cut off": _data("t10k-images-idx3-ubyte.gz", lambda packed: packed[:-1000]),
    "the framework not installed": _at_start(
        "import sys\n"
        "for name in ('torch', 'tensorflow', 'jax', 'mxnet'):\n"
        "    sys.modules[name] = None\n"
    ),
    "another NumPy, that permutes in another way": _at_start(
        "from numpy import random\n"
        "def default_rng(seed=None):\n"
        "    made = isinstance(seed, random.Generator)\n"
        "    return seed if made else random.Generator(random.PCG64DXSM(seed))\n"
        "random.default_rng = default_rng\n"
    ),
    "a deprecated function that warns": _at_start(
        "import numpy, warnings\n"
        "old = numpy.expand_dims\n"
        "def expand_dims(*args, **kwargs):\n"
        "    warnings.warn('deprecated', stacklevel=1)\n"
        "    return old(*args, **kwargs)\n"
        "numpy.expand_dims = expand_dims\n"
    ),
}
