"""`pip install -e ".[jax]" -c constraints.txt` gives what the notebooks were made with."""

import json
import tomllib

import pytest
from backends import BOOK, FRAMEWORKS, ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PLATFORMS = {"linux": "x86_64", "darwin": "arm64"}
PYTHONS = ("3.11", "3.12")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = [table.extra for table in FRAMEWORKS.values() if table.extra]


def pins(python, platform, machine):
    """The versions that constraints.txt names for a machine, by package."""
    here = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": platform,
        "platform_machine": machine,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if not line.startswith("#")]
    return here, {
        canonicalize_name(one.name): Version(str(one.specifier).removeprefix("=="))
        for one in found
        if one.marker is None or one.marker.evaluate(here)
    }


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("extra", [*EXTRAS, "lab"])
def test_what_an_extra_asks_for_is_pinned(extra, python, platform):
    here, pinned = pins(python, platform, PLATFORMS[platform])
    for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]]:
        wanted = Requirement(line)
        if wanted.name == PROJECT["name"] or (wanted.marker and not wanted.marker.evaluate(here)):
            continue
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), line


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_notebooks_were_made_with_what_is_pinned(framework):
    paths = sorted((ROOT / "chapters" / framework).glob("*.ipynb"))
    assert paths
    for path in paths:
        made = json.loads(path.read_text(encoding="utf-8"))["metadata"][BOOK.key]["versions"]
        _, pinned = pins(made["python"].rpartition(".")[0], "linux", "x86_64")
        assert set(FRAMEWORKS[framework].distributions) & set(made)
        for name, version in made.items():
            if name not in ("python", PROJECT["name"]):
                # Without what a build adds to its version, such as +cpu
                assert Version(version).public == str(pinned[canonicalize_name(name)]), path


def test_the_two_builds_of_tensorflow_are_of_one_version():
    _, pinned = pins("3.11", "linux", "x86_64")
    assert pinned["tensorflow"] == pinned["tensorflow-cpu"]
