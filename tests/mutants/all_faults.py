"""The faults that the regression check of the notebooks has to find.

Each is a small patch that a tired author could have made, declared once and applied in every
framework where it makes sense. A fault stays declared whether it is found or not.

There are five kinds:

- ``package``: text in ``d2lcompat/`` is replaced, in a copy that the kernel imports;
- ``cell``: code on the page is replaced, in its source and in the notebook alike, so that the
  two agree and only running the code can tell;
- ``stored``: the notebook is edited and its source is not;
- ``file``: the notebook's file is damaged;
- ``environment``: what the kernel finds around it.

Those of the last three kinds are functions, in ``stored_faults.py``; all others are data, in
``faults/*.yaml``. Each page has a file, and its faults are called ``page: name``; the package has
two. An entry is ``name: [old, new]``, a text and what replaces it wherever it stands in the
package's file or the page's code; or a list of such pairs. Where frameworks differ, it is a table
by framework; ``all`` stands for each of the four, and a framework that is not there is one in
which the fault makes no sense. Other keys are attributes of `Fault`. ``$NAME`` is a text that
each framework has its own of, which ``$words`` at the top of the file tells.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from stored_faults import ENVIRONMENT, FILE, STORED, TOLD

FRAMEWORKS = ("pytorch", "tensorflow", "jax", "mxnet")
MODULES = {f: f"{f}.py" for f in FRAMEWORKS} | {"pytorch": "torch.py"}
#: The package's faults, and the pages on which they show. What can be seen in the notebook without
#: long training is looked for there alone; training, there after the page with all layers.
PACKAGE = {
    "package_training": ("dropout", "preliminaries"),
    "package_figures": ("preliminaries",),
}

Edit = tuple[str, str]


@dataclass(frozen=True)
class Fault:
    """One declared fault.

    Attributes:
        name: says what is wrong.
        kind: one of the five above.
        pages: the pages whose notebooks are checked, in this order, until one check fails.
        edits: framework -> ``(file or "", old, new)``: text replaced in the package's file, or in
            every code cell of the page that has it.
        act: for the other kinds: what to do to the notebook (as JSON), its path, or the folder of
            the mutant, from which it returns environment variables for the kernel.
        variant: edits of the page that come first and are executed to get the stored outputs, for
            faults that do not show with the page's own numbers.
        whole: the fault shows only in cells that the trimmed notebooks lack.
        timeout: seconds that a cell may take.
        told: what the report has to say where that is enough, and no failure is asked for.
    """

    name: str
    kind: str
    pages: tuple[str, ...]
    edits: Mapping[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    act: Callable | None = None
    variant: tuple[Edit, ...] = ()
    whole: bool = False
    timeout: int = 900
    told: str = ""

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Where it makes sense."""
        return tuple(f for f in FRAMEWORKS if f in self.edits) if self.edits else FRAMEWORKS


def _pairs(edits: list) -> list[Edit]:
    """``[old, new]``, or a list of such pairs, as pairs."""
    return [tuple(pair) for pair in ([edits] if isinstance(edits[0], str) else edits)]


def _by_framework(entry: list | dict, words: dict) -> dict[str, list[Edit]]:
    """A fault's edits in each framework in which it makes sense."""
    found: dict[str, list[Edit]] = {}
    for names, edits in ({"all": entry} if isinstance(entry, list) else entry).items():
        for framework in FRAMEWORKS if names == "all" else names.split(", "):
            if framework not in FRAMEWORKS:
                raise ValueError(
                    f"expected 'all', {', '.join(FRAMEWORKS)} or an option, received {framework!r}"
                )

            def said(match: re.Match, framework=framework) -> str:
                return words[match[1]][framework]

            found.setdefault(framework, []).extend(
                tuple(re.sub(r"\$(\w+)", said, text) for text in pair) for pair in _pairs(edits)
            )
    return found


def _read(path: Path) -> list[Fault]:
    """The faults that a file declares."""
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    words = {
        word: {f: text for names, text in texts.items() for f in names.split(", ")}
        for word, texts in declared.pop("$words", {}).items()
    }
    package = path.stem in PACKAGE
    faults = []
    for file, entries in declared.items() if package else [("", declared)]:
        for name, entry in entries.items():
            options = {}
            if isinstance(entry, dict):
                options = {k: entry.pop(k) for k in ("whole", "timeout", "variant") if k in entry}
            if "variant" in options:
                options["variant"] = tuple(_pairs(options["variant"]))
            edits = {
                f: [(MODULES[f] if file == "framework modules" else file, *pair) for pair in pairs]
                for f, pairs in _by_framework(entry, words).items()
            }
            if package:
                faults.append(Fault(name, "package", PACKAGE[path.stem], edits, **options))
            else:
                name = f"{path.stem}: {name}"
                faults.append(Fault(name, "cell", (path.stem,), edits, **options))
    return faults


FILES = sorted(Path(__file__).parent.glob("faults/*.yaml"))
FAULTS = [fault for path in FILES for fault in _read(path)]
FAULTS += [
    Fault(name, kind, ("preliminaries",), act=act, told=TOLD.get(name, ""))
    for kind, acts in (("stored", STORED), ("file", FILE), ("environment", ENVIRONMENT))
    for name, act in acts.items()
]
PAGES = tuple(dict.fromkeys(page for fault in FAULTS for page in fault.pages))

#: Faults that the check is known to miss, and why. One that is found after all has to go from here.
MISSES = {
    "dropout: > instead of >=": "differs where a draw is exactly p, which is one in millions: none"
    " of the page's first twenty steps has one that counts",
    "dropout: more digits printed": "a number is compared by its value, not by how it is printed",
    "drawn validation loss as the mean of batch means": "moves the curve by less than its band of"
    " 5 %; the history beside it is compared in the fingerprint",
    "a figure's picture replaced by another": "pictures change with a machine's fonts, so their"
    " data is compared in their stead",
}
