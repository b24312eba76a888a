"""The workflows ask for what exists."""

import re

import pytest
import yaml
from backends import FRAMEWORKS, ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEST = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))


def test_there_is_one_job_for_each_framework_with_its_extra_alone():
    jobs = TEST["jobs"]["framework"]["strategy"]["matrix"]["include"]
    assert {job["framework"]: job.get("extra") for job in jobs} == {
        name: framework.extra for name, framework in FRAMEWORKS.items()
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_may_do_no_more_than_it_must_and_runs_what_is_there(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
        for target in re.findall(r"\bmake ([\w-]+)", step.get("run", "")):
            assert target in targets
        for script in re.findall(r"\bbash (\S+)", step.get("run", "")):
            assert (ROOT / script).is_file()
    commands = " ".join(step.get("run", "") for step in steps)
    assert "make offline" in commands or "pytest --framework" in commands
