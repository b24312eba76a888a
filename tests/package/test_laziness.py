"""Nobody waits for, or is stopped by, a framework they did not choose."""

import ast
import subprocess
import sys

import pytest
from backends import ARRAYS, BACKENDS, FRAMEWORKS, ROOT

PACKAGE = ROOT / "d2lcompat"
FRAMEWORK_PACKAGES = {FRAMEWORKS[name].package for name in BACKENDS} | {"flax", "optax", "keras"}
PAGES = {f"d2lcompat.{FRAMEWORKS[name].module}" for name in ARRAYS}
SHARED = sorted(path.stem for path in PACKAGE.glob("_[!_]*.py"))
WORKSHOP = sorted(p for p in (PACKAGE / "book").glob("*.py") if not p.stem.startswith("sphinx_"))


def loaded_by(*modules: str) -> set[str]:
    """The top-level modules in a fresh Python after importing these."""
    code = (
        f"import importlib, sys; [importlib.import_module(m) for m in {modules!r}];"
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def imports(path) -> set[str]:
    """The modules that a file imports, anywhere in it, by full name."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_the_package_loads_nothing():
    assert not loaded_by("d2lcompat") & {*FRAMEWORK_PACKAGES, "numpy", "matplotlib", "pooch"}


def test_shared_rooms_load_no_framework():
    rooms = [f"d2lcompat.{room}" for room in SHARED]
    assert {"d2lcompat._trainer", "d2lcompat._frameworks", "d2lcompat._data"} <= set(rooms)
    assert not loaded_by(*rooms, "d2lcompat.tab") & FRAMEWORK_PACKAGES


def test_the_workshop_loads_no_framework_and_no_sphinx():
    rooms = [f"tabbook.{path.stem}" for path in WORKSHOP if path.stem != "__main__"]
    assert not loaded_by(*rooms) & {*FRAMEWORK_PACKAGES, "sphinx", "docutils", "myst_nb"}


def test_a_page_loads_its_own_framework_only(framework):
    table = FRAMEWORKS[framework]
    if not table.supported:
        pytest.skip(f"{table.label} has no build for this platform")
    own = {
        "tensorflow": {"tensorflow", "keras"},
        "jax": {"jax", "flax", "optax"},
    }.get(framework, {table.package})
    others = loaded_by(f"d2lcompat.{table.page}") & FRAMEWORK_PACKAGES - own
    # TensorFlow itself imports JAX where it finds it: that is not the page's doing.
    assert not others or others <= loaded_by(table.package)


@pytest.mark.parametrize("page", sorted(PAGES))
def test_no_page_imports_another(page):
    found = imports(PACKAGE / f"{page.split('.')[1]}.py")
    ours = {name for name in found if name.startswith("d2lcompat.")}
    assert ours
    assert all(name.split(".")[1].startswith("_") for name in ours)


@pytest.mark.parametrize("room", SHARED)
def test_a_shared_room_imports_no_page(room):
    allowed = {"numpy", "matplotlib", "pooch", "requests", "filelock", "tqdm"}
    allowed |= {"IPython", "matplotlib_inline"}
    for name in imports(PACKAGE / f"{room}.py"):
        top, *rest = name.split(".")
        if top == "d2lcompat":
            assert not rest or rest[0].startswith("_"), name
        else:
            assert top in allowed | sys.stdlib_module_names, name


@pytest.mark.parametrize("path", WORKSHOP, ids=lambda path: path.name)
def test_the_workshop_imports_neither_sphinx_nor_a_page(path):
    found = imports(path)
    assert not {name.split(".")[0] for name in found} & {
        *FRAMEWORK_PACKAGES, "sphinx", "sphinx_design", "docutils", "myst_nb",
    }  # fmt: skip
    assert not found & PAGES


def test_nothing_imports_tests():
    tests = {path.stem for path in (ROOT / "tests").glob("*.py")}
    for path in PACKAGE.rglob("*.py"):
        assert not {name.split(".")[0] for name in imports(path)} & (tests | {"tests"}), path
