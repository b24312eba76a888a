"""Machines that others set up: Binder's and dev containers install a framework's own extra, and
that exists; the workflows ask for what exists."""

import json
import os
import re
import runpy
import subprocess
import sys
import tomllib

import pytest
import yaml
from backends import FRAMEWORKS, ROOT
from IPython.core.interactiveshell import InteractiveShell

from tabbook.config import Framework

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONTAINERS = sorted((ROOT / ".devcontainer").glob("*/devcontainer.json"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEST, WEEKLY = (
    yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    for name in ("test.yml", "weekly.yml")
)
INSTALL = re.compile(r"pip install -e '\.\[(\w+)\]' -c constraints\.txt")


def supported(version):
    return tuple(map(int, version.split("."))) >= (3, 11) and PROJECT["requires-python"] == ">=3.11"


def test_there_is_a_container_for_each_framework():
    assert {path.parent.name for path in CONTAINERS} == set(FRAMEWORKS)


@pytest.mark.parametrize("path", CONTAINERS, ids=lambda path: path.parent.name)
def test_a_container_installs_its_framework_alone(path):
    framework = FRAMEWORKS[path.parent.name]
    container = json.loads(path.read_text())
    assert framework.label in container["name"]
    image, version = container["image"].split(":")
    assert image == "python"
    assert supported(version)
    extra = INSTALL.fullmatch(container["postCreateCommand"])[1]
    assert extra == (framework.extra or "lab")
    assert extra in EXTRAS
    only_amd64 = bool(framework.platforms)
    assert ("--platform=linux/amd64" in container.get("runArgs", [])) == only_amd64


def test_every_extra_of_a_framework_brings_jupyterlab():
    for framework in FRAMEWORKS.values():
        if framework.extra:
            assert f"{PROJECT['name']}[lab]" in EXTRAS[framework.extra]
    assert any(requirement.startswith("jupyter>") for requirement in EXTRAS["lab"])


def test_binder_starts_with_no_framework():
    lines = (ROOT / ".binder/requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "-c ../constraints.txt",
        "-e .[lab]",
    ]
    assert supported((ROOT / ".binder/runtime.txt").read_text().strip().removeprefix("python-"))
    script = ROOT / ".binder/postBuild"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    for name in re.findall(r"\.binder/[\w.]+", script.read_text()):
        assert (ROOT / name).exists()


@pytest.mark.parametrize("folder", [*FRAMEWORKS, "chapters"])
@pytest.mark.parametrize("there", [True, False])
def test_on_binder_the_first_cell_installs_what_its_folder_names(
    monkeypatch, tmp_path, capsys, folder, there
):
    shell = InteractiveShell()
    calls, ran = shell.events.callbacks["pre_run_cell"], []
    before = list(calls)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr(subprocess, "run", lambda command, check: ran.append((command, check)))
    installed = property(lambda self: there or self.extra is None)
    monkeypatch.setattr(Framework, "installed", installed)
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)

    runpy.run_path(str(ROOT / ".binder/install_framework.py"))
    assert len(calls) == len(before) + 1
    assert ran == []  # not when the kernel starts
    shell.run_cell("pass")
    assert calls == before  # and once only
    extra = FRAMEWORKS[folder].extra if folder in FRAMEWORKS else None
    if there or extra is None:
        assert ran == []
    else:
        ((command, check),) = ran
        assert command[:4] == [sys.executable, "-m", "pip", "install"]
        constraints = str(ROOT / "constraints.txt")
        assert command[-4:] == ["-e", f"{ROOT}[{extra}]", "-c", constraints]
        assert check
        assert FRAMEWORKS[folder].label in capsys.readouterr().out


def test_there_is_one_job_for_each_framework_with_its_extra_alone():
    jobs = TEST["jobs"]["framework"]["strategy"]["matrix"]["include"]
    assert {job["framework"]: job.get("extra") for job in jobs} == {
        name: framework.extra for name, framework in FRAMEWORKS.items()
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_may_do_no_more_than_it_must_and_runs_what_is_there(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    reports = {"issues": "write"} if path.stem == "weekly" else {}
    assert workflow["permissions"] == {"contents": "read"} | reports
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    for step in steps:
        if "uses" in step:
            ours = step["uses"].removeprefix("./")
            assert (
                re.fullmatch(r"actions/[\w-]+@v\d+", ours) or (ROOT / ours / "action.yml").exists()
            )
        for target in re.findall(r"\bmake ([\w-]+)", step.get("run", "")):
            assert target in targets
        for script in re.findall(r"\bbash (\S+)", step.get("run", "")):
            assert (ROOT / script).is_file()
    commands = " ".join(step.get("run", "") for step in steps)
    assert "make offline" in commands or "pytest --framework" in commands


def test_each_weekly_job_opens_an_issue_when_it_fails():
    for job in WEEKLY["jobs"].values():
        last = job["steps"][-1]
        assert last["uses"] == "./.github/actions/report"
        assert last["if"] == "failure()"
        assert last["with"]["title"]


def test_the_weekly_jobs_run_each_framework_where_it_has_a_build():
    matrix = WEEKLY["jobs"]["learner"]["strategy"]["matrix"]
    everywhere = [name for name, one in FRAMEWORKS.items() if one.extra and not one.platforms]
    assert matrix["framework"] == everywhere
    more = {(one["framework"], one["versions"]) for one in matrix["include"]}
    elsewhere = {name for name, one in FRAMEWORKS.items() if one.platforms}
    assert more == {(name, "newest") for name in everywhere} | {
        (name, "pinned") for name in elsewhere
    }
    assert {one["framework"] for one in matrix["include"]} <= set(EXTRAS)
    for one in matrix["include"]:
        packages = set(one.get("packages", "").split())
        assert packages <= set(FRAMEWORKS[one["framework"]].distributions)
