"""Accept new outputs (``bless``): execute again, list the changes, and store only those.

The ``git diff`` should be readable. Therefore an output that equals the stored one, by the rules of
the check, keeps all its stored digits.
"""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from tabbook.check.compare import SKIPPED_MIME, Difference, Tolerance, compare
from tabbook.pages import notebooks, record
from tabbook.pages.notebooks import NotebookError
from tabbook.pages.source import Page, read_page
from tabbook.text import clip, first_line


@dataclass(frozen=True)
class Change:
    """A difference between a notebook and its stored version.

    Attributes:
        page, framework, cell: the place; cells are counted from 0 among those with code, as in
            the reports of the regression check.
        first_line: the first line of the cell.
        difference: the stored and the new output.
        taken: whether the new output is stored; False if it is within its tolerance.
    """

    page: str
    framework: str
    cell: int
    first_line: str
    difference: Difference
    taken: bool


def bless(
    pairs: Iterable[tuple[Page, str]],
    *,
    exact: bool = False,
    figures: Path | None = None,
    default: Tolerance | None = None,
    require_installed: bool = True,
) -> list[Change]:
    """Execute notebooks again and store the outputs that changed.

    Nothing is written before all of them have been executed, so that one commit never contains
    outputs of two versions of the code.

    Args:
        pairs: pages with the framework to run them in.
        exact: also store changes within the tolerances.
        figures: a folder for the old and new pictures of changed figures.
        default: the tolerance of cells without such tags.
        require_installed: as for ``record.execute``.

    Raises:
        NotebookError: a notebook failed, or its source changed meanwhile. Nothing is written.
    """
    changes: list[Change] = []
    ready: list[tuple[NotebookNode, Path]] = []
    pictures: dict[str, str] = {}
    for page, framework in list(pairs):
        new = record.run(page, framework, require_installed=require_installed)
        if notebooks.split(read_page(page.path), framework) != notebooks.split(page, framework):
            raise NotebookError(
                f"{page.name}/{framework}: {page.path} was changed while its notebook ran, so the "
                "outputs do not belong to the source. Run the command again."
            )
        path = page.notebook(framework)
        stored = notebooks.stored_notebook(path)
        place = f"{page.name.replace('/', '-')}-{framework}"
        if stored is None:
            found = [(0, "", Difference("notebook", "none", "a new one", "new"), True)]
        else:
            found = list(_merge(new, stored, place, pictures, exact, default or Tolerance()))
        changes += [Change(page.name, framework, *one) for one in found]
        if stored is not None and not any(taken for *_, taken in found):
            # The outputs are still those of the versions that made them.
            key = page.book.key
            new.metadata[key]["versions"] = stored.metadata.get(key, {}).get("versions", {})
        ready.append((new, path))
    for notebook, path in ready:
        notebooks.write(notebook, path)
    if figures and pictures:
        figures.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            (figures / name).write_text(picture, encoding="utf-8")
    return changes


def default_tolerance(folder: Path) -> Tolerance:
    """The tolerance that the nearest ``pyproject.toml`` above a folder sets for our plugin."""
    for parent in [folder.resolve(), *folder.resolve().parents]:
        if (parent / "pyproject.toml").exists():
            settings = tomllib.loads((parent / "pyproject.toml").read_text(encoding="utf-8"))
            stated = settings.get("tool", {}).get("pytest", {}).get("ini_options", {})
            names = [name for name in ("rtol", "atol") if f"output_{name}" in stated]
            return Tolerance(**{name: float(stated[f"output_{name}"]) for name in names})
    return Tolerance()


def table(changes: Sequence[Change]) -> str:
    """The changes as a table."""
    head = ("page", "framework", "cell", "what", "stored", "new", "difference", "tolerance", "")
    rows = [head, *map(_row, changes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _row(change: Change) -> tuple[str, ...]:
    one = change.difference
    numbers = ["" if number is None else f"{number:.3g}" for number in (one.distance, one.allowed)]
    within = one.distance is not None and one.allowed is not None and one.distance <= one.allowed
    note = ("within, " + ("taken" if change.taken else "kept as stored")) if within else ""
    if one.distance is None:
        note = _short(one.note, 60)
    cell = f"{change.cell} {_short(change.first_line, 30)}"
    texts = (one.where, _short(one.stored, 30), _short(one.new, 30))
    return (change.page, change.framework, cell, *texts, *numbers, note)


def _short(text: str, width: int) -> str:
    return clip(" ".join(text.split()), width)


def _merge(
    new: NotebookNode,
    stored: NotebookNode,
    place: str,
    pictures: dict[str, str],
    exact: bool,
    default: Tolerance,
) -> Iterator[tuple[int, str, Difference, bool]]:
    """Restore equal stored outputs in a new notebook; return the other changes."""
    ours, theirs = notebooks.code_cells(stored), notebooks.code_cells(new)
    partners = _partners([cell.source for cell in ours], [cell.source for cell in theirs])
    for number, cell in enumerate(theirs):
        line = first_line(cell.source)
        if number not in partners:
            yield number, line, Difference("cell", "none", "a new cell", "new"), True
            continue
        before, after = ours[partners[number]].outputs, list(cell.outputs)
        tolerance = Tolerance.of(cell.metadata.get("tags", []), default)
        for part in _parts(before, after):
            one, other = before[part], after[part]
            result = compare(one, other, tolerance)
            kept = not exact and _same(one, other, tolerance)
            if kept:
                cell.outputs[part] = one
            elif one != other and result.verdict == "exact":
                note = "its picture or what is not compared in its text"
                yield number, line, Difference("output", "…", "…", note), True
            for difference in result.differences + result.within:
                yield number, line, difference, not kept
        if cell.outputs != before:
            for name, outputs in (("before", before), ("after", after)):
                for index, picture in enumerate(_svg(outputs)):
                    pictures[f"{place}-cell{number}-{index}-{name}.svg"] = picture
    for number in sorted(set(range(len(ours))) - set(partners.values())):
        line = first_line(ours[number].source)
        yield number, line, Difference("cell", "a cell", "none", "removed"), True


def _partners(stored: list[str], new: list[str]) -> dict[int, int]:
    """The stored cell for each cell of the new notebook, if there is one."""
    partners: dict[int, int] = {}
    matcher = difflib.SequenceMatcher(a=stored, b=new, autojunk=False)
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind in ("equal", "replace"):
            partners |= dict(zip(range(b, b_end), range(a, a_end), strict=False))
    return partners


def _parts(before: list[NotebookNode], after: list[NotebookNode]) -> Iterator[slice]:
    """The outputs in groups that can be compared and restored separately."""
    kinds = [[(one.output_type, one.get("name")) for one in outputs] for outputs in (before, after)]
    if kinds[0] == kinds[1]:
        yield from (slice(place, place + 1) for place in range(len(before)))
    else:
        yield slice(None)


def _same(stored: list[NotebookNode], new: list[NotebookNode], tolerance: Tolerance) -> bool:
    """Whether the stored outputs can be kept."""
    if compare(stored, new, tolerance).differences:
        return False
    return _unspoken(stored) == _unspoken(new)


def _unspoken(outputs: list[NotebookNode]) -> list[str]:
    """The pictures of outputs without data."""
    return [
        value
        for data in (output.get("data", {}) for output in outputs)
        if not any(mime.endswith("+json") for mime in data)
        for mime, value in data.items()
        if SKIPPED_MIME.fullmatch(mime)
    ]


def _svg(outputs: Iterable[NotebookNode]) -> Iterator[str]:
    for output in outputs:
        if "image/svg+xml" in output.get("data", {}):
            yield output.data["image/svg+xml"]
