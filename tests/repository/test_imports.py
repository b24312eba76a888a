"""Who may import whom, in plain words and as a test.

A module may import what its line of ``RULES`` lists, the standard library, and what nobody guards.
It is read off the source, wherever in a file an import stands; and tried in a process of its own,
since what is imported may import more.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from backends import BOOK, FRAMEWORKS, ROOT

# What is not anybody's to import.
FRAMEWORK_PACKAGES = {"torch", "tensorflow", "keras", "jax", "flax", "optax", "mxnet"}
SPHINX = {"sphinx", "sphinx_design", "sphinx_book_theme", "myst_nb"}
SOURCE_READERS = {"jupytext", "myst_parser", "docutils"}  # MyST's own parser, without Sphinx
BOOK_TOOLS = {*SOURCE_READERS, *SPHINX}
GUARDED = {*FRAMEWORK_PACKAGES, *BOOK_TOOLS, "d2lcompat", "tabbook", "tests", "benchmarks"}

# Where (the longest match counts): what of GUARDED may be imported, and all that is in it.
RULES = {
    "d2lcompat/__init__.py": "",  # `import torch` here would hide the module of that name
    "d2lcompat/tab.py": "d2lcompat._frameworks",
    "d2lcompat/pytorch.py": "d2lcompat.torch",  # another name for it
    "d2lcompat/_": "d2lcompat._",  # shared: what is shared, and no framework
    "d2lcompat/numpy.py": "d2lcompat._",
    "d2lcompat/torch.py": "d2lcompat._ torch",  # its framework and what is shared, no other module
    "d2lcompat/tensorflow.py": "d2lcompat._ tensorflow keras",
    "d2lcompat/jax.py": "d2lcompat._ jax flax optax",
    "d2lcompat/mxnet.py": "d2lcompat._ mxnet",
    "tabbook/": "tabbook",  # the book tools: no framework, no d2lcompat, no Sphinx ...
    "tabbook/pages/": "tabbook jupytext myst_parser",  # ... sources are read here only ...
    "tabbook/sphinx/": f"tabbook docutils {' '.join(SPHINX)}",  # ... and Sphinx is only here
}  # fmt: skip

# Folder or module -> what may not be loaded when it is imported.
NOT_LOADED = {
    "d2lcompat": {*GUARDED, "numpy", "matplotlib", "pooch"} - {"d2lcompat"},
    "d2lcompat._": GUARDED - {"d2lcompat"},
    "d2lcompat._board": {"matplotlib"},  # loaded where something is drawn
    "d2lcompat._data": {*GUARDED, "matplotlib", "requests"} - {"d2lcompat"},
    "d2lcompat.tab": {*GUARDED, "IPython", "ipywidgets", "numpy"} - {"d2lcompat"},
    "tabbook.check": GUARDED - {"tabbook"},
    "tabbook.pages": {*FRAMEWORK_PACKAGES, *SPHINX, "d2lcompat"},
    "tabbook": {*FRAMEWORK_PACKAGES, *SPHINX, "d2lcompat"},  # all but tabbook.sphinx
}

FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("d2lcompat", "tabbook")
    for path in (ROOT / package).rglob("*.py")
)


def imported_names(file: str) -> set[str]:
    """The modules that a file imports, anywhere in it, and the names taken from them."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_what_its_rule_allows(file):
    rule = max((place for place in RULES if file.startswith(place)), key=len)
    allowed = tuple(RULES[rule].split())
    # ``from d2lcompat import _data`` and ``import torch.nn`` are d2lcompat._… and torch.
    wrong = [
        name
        for name in imported_names(file)
        if name.split(".")[0] in GUARDED
        and not any(
            name.startswith(one) if one.endswith("_") else f"{name}.".startswith(f"{one}.")
            for one in allowed
        )
    ]
    assert not wrong, f"{file} imports {wrong}; {rule} may import {allowed or 'nothing of ours'}"


def loaded_by(*modules: str, after: Sequence[str] = ()) -> set[str]:
    """The packages that importing these loads in a fresh Python, without those that others load."""
    code = (
        "import importlib, sys; names = lambda: {m.split('.')[0] for m in sys.modules};"
        f"load = importlib.import_module; [load(m) for m in {after!r}];"
        f"before = names() if {after!r} else set(); [load(m) for m in {modules!r}];"
        "print(*names() - before)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def modules_of(place: str) -> list[str]:
    """The modules of a package, or those whose names begin so; ``tabbook.sphinx`` left out."""
    if place == "d2lcompat":
        return [place]
    names = [file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in FILES]
    return [
        name
        for name in names
        if (name.startswith(place) if place.endswith("_") else f"{name}.".startswith(f"{place}."))
        and not name.startswith("tabbook.sphinx")
        and not name.endswith("__main__")
    ]


@pytest.mark.parametrize("place", NOT_LOADED)
def test_importing_it_does_not_load(place):
    modules = modules_of(place)
    assert modules
    assert not loaded_by(*modules) & NOT_LOADED[place]


def test_a_framework_module_loads_its_own_framework_only(framework):
    table = FRAMEWORKS[framework]
    if not table.supported:
        pytest.skip(f"{table.label} has no build for this platform")
    own = set(RULES[f"d2lcompat/{table.module}.py"].split())
    # TensorFlow itself imports JAX where it finds it: that is not our module's doing.
    first = [table.package] if framework == "tensorflow" else []
    others = {*FRAMEWORK_PACKAGES, "matplotlib"} - own
    assert not loaded_by(f"d2lcompat.{table.module}", after=first) & others


# --- tabbook knows no book ------------------------------------------------------------------------

# Upper or lower case, but for the last: d2lcompat is also the name of a media type in notebooks.
NAMED = {
    *FRAMEWORKS, *(table.package for table in FRAMEWORKS.values()),
    *FRAMEWORK_PACKAGES, BOOK.data.name, BOOK.data.tag, "dropout",
} - {"numpy"}  # fmt: skip
NAMES_A_BOOK = re.compile(
    rf"(?i:(?<![a-z])({'|'.join(map(re.escape, sorted(NAMED, key=len, reverse=True)))})(?![a-z]))"
    r"|D2LCOMPAT|(?<!vnd\.)\bd2lcompat\b"
)
# `chapters` is also a key of ``_toc.yml``; where the pages are, only ``_toc.yml`` says.
FOLDER = re.compile(r"\bchapters/")
DISTRIBUTION = ("tabbook/__init__.py", "d2lcompat")  # in which tabbook comes


def names_and_texts(tree: ast.AST):
    """The strings of a program, without docstrings, and its identifiers.

    Yields:
        The line of each, the text, and whether it is a string.
    """
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield node.lineno, text, True
            case ast.Name(id=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name, False
            case ast.arg(arg=name):
                yield node.lineno, name, False
            case ast.alias(name=name):
                yield node.lineno, name, False


@pytest.mark.parametrize(
    "file", [f for f in FILES if f.startswith("tabbook/") and f != "tabbook/config.py"]
)
def test_tabbook_names_no_framework_and_no_data(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = [
        f"{file}:{line}: {text!r}"
        for line, text, is_string in names_and_texts(tree)
        if (NAMES_A_BOOK.search(text) or (is_string and FOLDER.search(text)))
        and (file, text) != DISTRIBUTION
    ]
    assert not found, "these belong into the configuration:\n" + "\n".join(found)


def test_what_tabbook_gives_a_page_names_no_framework_and_no_data():
    comments = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*|<!--.*?-->|\{#.*?#\}", re.S)
    kinds = (".js", ".css", ".html", ".jinja")
    files = [path for path in (ROOT / "tabbook").rglob("*") if path.suffix in kinds]
    assert len(files) > 20
    found = [
        f"{path.relative_to(ROOT)}: {name[0]}"
        for path in files
        for name in NAMES_A_BOOK.finditer(comments.sub("", path.read_text(encoding="utf-8")))
    ]
    assert not found, "these belong into the configuration:\n" + "\n".join(found)


def test_one_table_of_another_dialect_names_frameworks():
    """d2l's pages name their frameworks, whatever the book: their reader has to know the names."""
    files = [path for path in (ROOT / "tabbook").rglob("*") if path.suffix in (".toml", ".jinja")]
    assert len(files) > 1
    found = [path for path in files if NAMES_A_BOOK.search(path.read_text(encoding="utf-8"))]
    assert found == [ROOT / "tabbook" / "import_d2l" / "dialect.toml"]


def test_nothing_but_notebooks_tests_and_benchmarks_imports_d2lcompat():
    ours = re.compile(r"^\s*(from|import) d2lcompat\b", re.M)
    allowed = ("d2lcompat/", "tests/", "benchmarks/", "chapters/", "conftest.py")
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert listed
    found = [
        path
        for path in listed
        if not path.startswith(allowed)
        and Path(ROOT, path).exists()
        and ours.search(Path(ROOT, path).read_text(encoding="utf-8"))
    ]
    assert not found
