"""``seed:`` in the front matter seeds, in the recorder and in the check alike, or is an error."""

import re
import subprocess
import sys

import nbformat
import pytest
from test_framework_settings import PAGE, book, outputs  # noqa: F401  the fixture

from tabbook.cli import main
from tabbook.pages.source import SourceError, pages

DRAWS = """
```{code-cell}
import random, numpy, this_is_seeded
print(random.random(), numpy.random.rand(), this_is_seeded.VALUE)
```
"""
MODULE = "VALUE = None\ndef seed(n):\n    global VALUE\n    VALUE = n\n"
SEEDS = """seed = '''
import random, numpy, this_is_seeded
for one in random.seed, numpy.random.seed, this_is_seeded.seed:
    one({seed})'''"""


def drawn(root, framework="other"):
    return outputs(root, framework).splitlines()[-1]


@pytest.fixture
def seeded(book):  # noqa: F811
    """A function that records a book whose page draws random numbers."""

    def record(seed):
        root = book(f"seed: {seed}" if seed is not None else "", SEEDS, DRAWS)
        for framework in ("plain", "other"):
            (root / framework).mkdir(exist_ok=True)
            (root / framework / "this_is_seeded.py").write_text(MODULE)
        assert main(["execute"]) == 0
        return root

    return record


def test_the_same_seed_gives_the_same_numbers(seeded):
    first, plain = drawn(seeded(7)), drawn(seeded(7), "plain")
    assert drawn(seeded(7)) == first
    assert first.split()[:2] == plain.split()[:2]
    assert (first.split()[2], plain.split()[2]) == ("7", "None")  # only one says how to seed it
    assert drawn(seeded(8)).split()[0] != first.split()[0]
    assert drawn(seeded(None)).split()[0] not in (first.split()[0], drawn(seeded(None)).split()[0])


def test_the_check_draws_the_recorded_numbers(seeded):
    root = seeded(7)
    options = ["-p", "tabbook.check.pytest_plugin", "--nbval", "-p", "no:cacheprovider", "-q"]
    command = [sys.executable, "-m", "pytest", *options, "-o", "addopts="]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    for path in root.glob("*/page.ipynb"):  # without its seed, the check differs
        notebook = nbformat.read(path, as_version=4)
        del notebook.metadata.tabbook["seed"]
        nbformat.write(notebook, path)
    (root / "page.md").write_text(re.sub("  seed: 7\n", "", (root / "page.md").read_text()))
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "2 different" in done.stdout


def test_the_built_book_is_not_checked(seeded):
    root = seeded(7)
    (root / "_config.yml").write_text("title: A book\n")
    copy = root / "_build" / "html" / "notebooks" / "page.ipynb"
    copy.parent.mkdir(parents=True)
    copy.write_text("no notebook")
    options = ["-p", "tabbook.check.pytest_plugin", "--nbval", "--co", "-q", "-o", "addopts="]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "_build" not in done.stdout
    (root / "_config.yml").unlink()  # no book's
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert "_build" in done.stdout


def test_a_kernel_without_a_way_to_seed_it_is_an_error(book):  # noqa: F811
    with pytest.raises(SourceError, match=r"page\.md:4: .*`seed` .*frameworks\.other"):
        pages(book("seed: 0"))


def test_a_seeding_that_fails_is_told(book, capsys):  # noqa: F811
    book("seed: 0", 'seed = "import no_such_module"')
    assert main(["execute", "--framework", "other"]) == 1
    told = capsys.readouterr().err
    assert "page/other: The seed was not set: ModuleNotFoundError: No module named" in told
