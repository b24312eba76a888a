"""Check notebooks that others wrote: no alarm if they are unchanged, and every change is found.

    python tests/strangers.py [FOLDER] [--clones FOLDER] [--work FOLDER] [--json FILE]

Without a folder, the notebooks are those in ``strangers.csv``, taken from clones of their
repositories; none of them is part of this one. Each is executed as `tabbook execute` does it, then
checked unchanged three times by pytest with our plugin, as a user would do it. Then numbers, words
and points of figures in its stored outputs are changed, one at a time and chosen by a seed, and the
comparison must find each.

Every cell may raise, because examples of errors are seldom tagged as such. The kernels are those of
the environment that runs this script; `strangers-requirements.txt` lists what it needs.
"""

import argparse
import copy
import csv
import itertools
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import nbformat
from changed_outputs import Place, change, places

from tabbook.cells import normalise_outputs
from tabbook.check.compare import Tolerance, compare
from tabbook.execution import Execution, ExecutionError

LIST = Path(__file__).with_suffix(".csv")
REPEATS = 3
SETTINGS = """\
[tool.pytest.ini_options]
addopts = "-p tabbook.check.pytest_plugin --nbval --nbval-current-env"
junit_family = "xunit1"
[tool.tabbook]
"""


@dataclass(frozen=True)
class Stranger:
    """A notebook of somebody else.

    Attributes:
        repository, commit, path: where it is on GitHub; empty for a notebook of a folder.
        kind: what is special about its outputs.
        needs: files that it reads, relative to its folder.
    """

    repository: str
    commit: str
    path: str
    kind: str = ""
    needs: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        repository = self.repository.rpartition("/")[2]
        return f"{repository}: {Path(self.path).stem}" if repository else Path(self.path).stem


@dataclass
class Result:
    """What was seen of a notebook.

    Attributes:
        cells: the number of its code cells with outputs.
        failure: why it could not be recorded.
        alarms: the failed cells of each check of the unchanged notebook.
        tried, found: the numbers of changes by kind (``number``, ``word``, ``point``, ``picture``).
        missed: the changes that were not found.
        seconds: how long it took to record.
    """

    title: str
    kind: str
    cells: int = 0
    failure: str = ""
    alarms: list[list[str]] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def row(self) -> str:
        """A line of the table."""
        changes = ", ".join(
            f"{self.found[kind]} of {count} {kind}s" for kind, count in self.tried.items()
        )
        alarms = sum(map(bool, self.alarms))
        said = self.failure or f"{alarms} of {len(self.alarms)}"
        return f"| {self.title} | {self.kind} | {self.cells} | {said} | {changes or 'none'} |"


# --- the notebooks -------------------------------------------------------------------------------


def listed(path: Path) -> list[Stranger]:
    """The notebooks of a list."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [Stranger(**row | {"needs": tuple(row["needs"].split())}) for row in rows]


def bring(stranger: Stranger, clones: Path, folder: Path) -> Path:
    """Write a notebook and what it needs into a folder; return its path.

    Args:
        clones: contains the clone of ``owner/name`` as ``owner+name``; it is cloned if it is not
            there.

    Raises:
        CalledProcessError: git does not find the repository, the commit or the file.
    """
    home = Path(stranger.path).parent
    if not stranger.repository:
        return Path(shutil.copy(stranger.path, folder))
    clone = clones / stranger.repository.replace("/", "+")
    if not clone.exists():
        address = f"https://github.com/{stranger.repository}"
        command = ["git", "clone", "--quiet", "--bare", "--filter=blob:none", address, clone]
        subprocess.run(command, check=True)
    for name in (Path(stranger.path).name, *stranger.needs):
        shown = subprocess.run(
            ["git", f"--git-dir={clone}", "show", f"{stranger.commit}:{home / name}"],
            check=True,
            capture_output=True,
        )
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(shown.stdout)
    return folder / Path(stranger.path).name


def record(path: Path, timeout: float) -> nbformat.NotebookNode:
    """Execute a notebook as ``tabbook execute`` does, and write it with its outputs.

    Raises:
        ExecutionError: the kernel died, or a cell took longer than ``timeout`` seconds.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("kernelspec", None)  # its kernel is that of this environment
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata.tags = ["raises-exception"]
            cell.outputs, cell.execution_count = [], None
    with Execution(notebook, path.parent, timeout=timeout) as execution:
        for place, cell in enumerate(notebook.cells):
            if cell.cell_type == "code" and cell.source.strip():
                execution.run(place)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = normalise_outputs(cell.outputs)
    _, notebook = nbformat.validator.normalize(notebook)
    nbformat.write(notebook, path)
    return nbformat.read(path, as_version=4)


def check(folder: Path, repeat: int, names: list[str]) -> dict[str, list[str]]:
    """Check the notebooks in some folders by pytest; return the failures of each folder."""
    report = folder / f"check-{repeat}.xml"
    options = ["-q", "--color=no", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", *names],
        cwd=folder,
        stdout=(folder / f"check-{repeat}.log").open("w"),
        check=False,
    )
    failures: dict[str, list[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        own = failures.setdefault(Path(case.get("file", "")).parent.name, [])
        own += [
            f"{case.get('name')}: {''.join(one.itertext())[:1500]}"
            for one in case
            if one.tag in ("failure", "error")
        ]
    return failures


# --- the changes ---------------------------------------------------------------------------------


def try_changes(notebook: nbformat.NotebookNode, result: Result, most: int) -> None:
    """Change a notebook's outputs at ``most`` places of each kind, one at a time."""
    by_kind: dict[str, list[Place]] = {}
    for place in places(notebook):
        by_kind.setdefault(place.kind, []).append(place)
    draw = random.Random(result.title)
    for kind, found in sorted(by_kind.items()):
        result.tried[kind], result.found[kind] = min(most, len(found)), 0
        for place in draw.sample(found, result.tried[kind]):
            stored = notebook.cells[place.cell].outputs
            changed = copy.deepcopy(stored)
            what = change(changed, place)
            seen = compare(changed, stored, Tolerance())
            if seen.differences:
                result.found[kind] += 1
            else:
                why = "within its tolerance" if seen.within else "not compared"
                result.missed.append(f"{why}: {what}")


# --- all of them ---------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Check the notebooks and print the table; 1 if there was an alarm or an unfound change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", nargs="?", type=Path, help="notebooks; default: those of the list"
    )
    parser.add_argument("--list", type=Path, default=LIST, help="default: strangers.csv")
    parser.add_argument("--clones", type=Path, default=Path("_build/clones"), help="repositories")
    parser.add_argument("--work", type=Path, help="where the recorded notebooks stay")
    parser.add_argument("--only", action="append", help="a part of a title; can be repeated")
    parser.add_argument("--changes", type=int, default=5, help="changes of each kind (default: 5)")
    parser.add_argument("--timeout", type=float, default=60, help="seconds of a cell (default: 60)")
    parser.add_argument("--json", type=Path, help="where to store every result")
    options = parser.parse_args(arguments)
    if options.folder:
        strangers = [Stranger("", "", str(path)) for path in sorted(options.folder.glob("*.ipynb"))]
    else:
        strangers = listed(options.list)
    strangers = [
        one
        for one in strangers
        if not options.only or any(part in one.title for part in options.only)
    ]
    if not strangers:
        parser.error(f"no notebook in {options.folder or options.list} has such a title")
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).resolve()
        results = _results(strangers, work, options)
    print("| notebook | kind | cells with outputs | false alarms | changes found |")
    print("|---|---|---|---|---|")
    for result in results:
        print(result.row)
    for result in results:
        for line in (*itertools.chain(*result.alarms), *result.missed):
            print(f"{result.title}: {line}")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in results], indent=1))
    return int(any(one.failure or any(one.alarms) or one.missed for one in results))


def _results(strangers: list[Stranger], work: Path, options: argparse.Namespace) -> list[Result]:
    results, recorded = [], {}
    work.mkdir(parents=True, exist_ok=True)
    (work / "pyproject.toml").write_text(SETTINGS)
    for number, one in enumerate(strangers):
        result = Result(one.title, one.kind)
        results.append(result)
        given, home = work / f"given-{number:02}", work / f"{number:02}"
        begin = time.monotonic()
        try:
            bring(one, options.clones, renewed(given))
            copied(given, home)
            notebook = record(home / Path(one.path).name, options.timeout)
        except (ExecutionError, subprocess.CalledProcessError) as error:
            result.failure = f"not recorded: {str(error).splitlines()[0]}"
            shutil.rmtree(home, ignore_errors=True)
            continue
        nbformat.write(notebook, given / Path(one.path).name)
        result.cells = sum(bool(cell.get("outputs")) for cell in notebook.cells)
        result.seconds = round(time.monotonic() - begin, 1)
        recorded[home.name] = result
        try_changes(notebook, result, options.changes)
        print(f"{one.title}: recorded in {result.seconds} s", file=sys.stderr, flush=True)
    for repeat in range(REPEATS if recorded else 0):
        for name in recorded:  # without the files that its cells have written
            copied(work / f"given-{name}", work / name)
        failures = check(work, repeat, sorted(recorded))
        for name, result in recorded.items():
            result.alarms.append(failures.get(name, ["it was not checked"]))
    return results


def renewed(folder: Path) -> Path:
    """An empty folder in place of one of an earlier run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def copied(folder: Path, to: Path) -> None:
    """Replace a folder by a copy of another one."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)


if __name__ == "__main__":
    sys.exit(main())
