"""A framework has two names, the book's and its package's, and may be missing."""

import importlib
import subprocess
import sys
import tomllib

import pytest
from backends import BACKENDS, BOOK, FRAMEWORKS, ROOT, required

from d2lcompat import _frameworks, tab

BOTH = [(name, table.package) for name, table in FRAMEWORKS.items()]


@pytest.mark.parametrize(("name", "package"), BOTH)
def test_both_names_are_understood(name, package, monkeypatch):
    for named in (BOOK.framework_id, _frameworks.framework_id):
        assert named(name) == named(package) == name
        assert named("jacks") == "jacks"
    monkeypatch.setenv(tab.VARIABLE, package)
    monkeypatch.setattr(tab, "_chosen", None)
    assert tab.selected(name)


def test_both_names_are_extras_and_modules(framework):
    table = FRAMEWORKS[framework]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {framework, table.package} <= set(project["optional-dependencies"])
    required(framework)
    module, other = (
        importlib.import_module(f"d2lcompat.{name}") for name in (table.module, framework)
    )
    assert module is other


ASK = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
{before}
try:
    from d2lcompat import {module}
except ModuleNotFoundError as error:
    print(error.name, error, sep="\\n")
"""


def told(module, missing, cwd, path, before=""):
    """What the import says where a package is missing."""
    code = ASK.format(module=module, missing=missing, before=before)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=cwd, env={"PYTHONPATH": str(path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    name, message = done.stdout.strip().splitlines()
    assert name == missing
    return message


@pytest.mark.parametrize("name", BACKENDS)
def test_a_missing_framework_says_what_to_install(name, tmp_path):
    table = FRAMEWORKS[name]
    (tmp_path / "d2lcompat").symlink_to(ROOT / "d2lcompat")  # as a wheel has it
    assert told(table.module, table.package, tmp_path, tmp_path) == (
        f"d2lcompat.{table.module} needs {table.label}: No module named '{table.package}'. "
        f'Run: pip install "d2lcompat[{table.extra}]"'
    )


def test_a_platform_without_a_build_is_named(monkeypatch):
    error = ModuleNotFoundError("No module named 'mxnet'", name="mxnet")
    monkeypatch.setattr(_frameworks.platform, "machine", lambda: "s390x")
    message = str(_frameworks.not_installed("mxnet", error))
    assert message.endswith(f"It has no build for {sys.platform} s390x.")


def test_the_command_is_right_for_where_it_is_read(tmp_path):
    """In the folder of a clone, elsewhere, and in a notebook."""
    for cwd, before, command in (
        (ROOT, "", 'pip install -e ".[jax]" -c constraints.txt'),
        (tmp_path, "", f'pip install -e "{ROOT}[jax]" -c "{ROOT}/constraints.txt"'),
        (
            ROOT / "chapters",
            "from IPython.core.interactiveshell import InteractiveShell as shell; shell.instance()",
            f'%pip install -e "{ROOT}[jax]" -c "{ROOT}/constraints.txt"',
        ),
    ):
        message = told("jax", "jax", cwd, ROOT, before)
        assert message == f"d2lcompat.jax needs JAX: No module named 'jax'. Run: {command}"
