"""The package as a learner installs it: a wheel, or a clone in place. Type checkers outside of the
repository find it and know its types; its archives have what they need."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from backends import FRAMEWORKS, ROOT

PROGRAM = """\
from torch import nn

from d2lcompat import torch as d2l


class Net(d2l.Classifier):
    def __init__(self, lr: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(10))


data = d2l.FashionMNIST(batch_size=32, data_dir="synthetic")
history = d2l.Trainer(max_epochs=1).fit(Net(), data)
for X, y in data.train_dataloader():
    reveal_type(X)
reveal_type(d2l.reduce_mean(d2l.ones(2)))
reveal_type(history["val_acc"])
reveal_type(d2l.plt.figure())
"""
TYPES = ["Tensor", "Tensor", "list[float]", "Figure"]
PYRIGHT = ROOT / "node_modules/.bin/pyright"
WITH_PYTORCH = pytest.mark.skipif(
    not FRAMEWORKS["pytorch"].installed, reason="the types are PyTorch's, which is not installed"
)


def build(folder: Path, kind: str, source: Path) -> Path:
    """What setuptools makes of a folder: its wheel, its editable wheel or its sdist."""
    code = f"from setuptools.build_meta import build_{kind}; print(build_{kind}({str(folder)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the repository: to build leaves traces."""
    folder = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "d2lcompat", "tabbook",
         "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    for name in listed:
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    return build(tmp_path_factory.mktemp("wheel"), "wheel", source)


@pytest.fixture(scope="module", params=["editable", "wheel"])
def installed(request, source, wheel, tmp_path_factory):
    """An environment with the package, and with what it needs from the one that runs this."""
    environment = tmp_path_factory.mktemp(request.param)
    venv.create(environment, symlinks=True)
    paths = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    if request.param == "editable":
        wheel = build(tmp_path_factory.mktemp("dist"), "editable", source)
    zipfile.ZipFile(wheel).extractall(packages)  # all that pip does with it, for what is looked at
    # In a .pth of its own, so that those in that folder, one of this package's, do nothing
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Path(sysconfig.get_path("scripts", "venv", paths)) / "python", packages


def test_an_editable_install_is_a_path(source, tmp_path):
    """Not a hook at import, which no type checker and no editor looks through."""
    wheel = zipfile.ZipFile(build(tmp_path, "editable", source))
    (line,) = [
        wheel.read(name).decode().strip() for name in wheel.namelist() if name.endswith(".pth")
    ]
    assert Path(line) == source


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """What mypy learned about PyTorch serves both environments."""
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "learner.py"
    path.write_text(PROGRAM)
    return path


def checked(command: list[object], folder: Path) -> list[str]:
    """The types that a checker reveals, without their modules; an error of its fails."""
    elsewhere = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MYPYPATH")}
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder, env=elsewhere, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [re.sub(r"[\w.]+\.", "", name) for name in re.findall(r' is "(.+)"$', done.stdout, re.M)]


@pytest.mark.slow
@WITH_PYTORCH
def test_mypy_knows_the_types(installed, program, cache):
    python, _ = installed
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", cache]
    assert checked([*command, "--python-executable", python, program], program.parent) == TYPES


@pytest.mark.slow
@pytest.mark.skipif(not PYRIGHT.exists(), reason="npm ci installs pyright; it is not there")
@WITH_PYTORCH
def test_pyright_knows_the_types(installed, program):
    python, _ = installed
    assert checked([PYRIGHT, "--pythonpath", python, program], program.parent) == TYPES


def test_the_archives_have_what_they_need(source, wheel, tmp_path):
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = {
        path.relative_to(source).as_posix()
        for package in ("d2lcompat", "tabbook")
        for path in (source / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert packed == files
    with tarfile.open(build(tmp_path, "sdist", source)) as sdist:
        sdist.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert not list(unpacked.glob("*.md"))  # its links lead to what is not there
    again = build(tmp_path, "wheel", unpacked)
    assert set(zipfile.ZipFile(again).namelist()) == set(zipfile.ZipFile(wheel).namelist())


def test_the_description_links_to_nothing_in_the_repository(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
    description = message_from_string(archive.read(name).decode()).get_payload()
    assert description.lstrip().startswith("# d2lcompat")
    assert all("://" in target for target in re.findall(r"\]\(([^)]+)\)", description))
