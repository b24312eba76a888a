"""The check of notebooks that others wrote, on notebooks of our own."""

import json
import subprocess

import nbformat
import pytest
import strangers
from changed_outputs import change, places
from toy_notebooks import cell, save, shown

from tabbook.check.compare import Tolerance, compare

SOURCES = {
    "steady": ["print('loss', 0.5, 'after', 3)", "1 / 0", "{'b', 'a', 'c'}"],
    "random": ["import os\nprint(int.from_bytes(os.urandom(8), 'big'))"],
    "ended": ["import os\nos._exit(3)"],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What the command said and stored of three notebooks in a folder."""
    folder = tmp_path_factory.mktemp("strangers")
    for name, sources in SOURCES.items():
        save(folder / "given" / f"{name}.ipynb", map(cell, sources))
    stored = folder / "results.json"
    status = strangers.main(
        [str(folder / "given"), "--work", str(folder / "work"), "--json", str(stored)]
    )
    return status, {one["title"]: one for one in json.loads(stored.read_text())}


def test_an_unchanged_notebook_raises_no_alarm_and_its_changes_are_found(results):
    _, found = results
    one = found["steady"]
    assert one["cells"] == 3
    assert one["alarms"] == [[], [], []]
    assert not one["missed"]
    assert one["tried"] == one["found"] == {"number": 2, "word": 5}


def test_a_notebook_that_prints_something_else_each_time_raises_alarms(results):
    status, found = results
    assert status == 1
    assert len(found["random"]["alarms"]) == strangers.REPEATS
    assert all("Cell 0" in alarm for (alarm,) in found["random"]["alarms"])


def test_a_notebook_that_cannot_be_recorded_is_named(results):
    _, found = results
    assert "kernel died" in found["ended"]["failure"]
    assert not found["ended"]["alarms"]


EVERYTHING = nbformat.v4.new_notebook(
    cells=[
        cell("1", "the loss is 0.512 after 12 steps\n"),
        cell(
            "2",
            [
                shown(text_html="<b>word 7</b>", image_png="iVBORw0KGgo="),
                nbformat.v4.new_output("error", ename="ValueError", evalue="p is 2"),
                nbformat.v4.new_output(
                    "display_data", data={"application/json": {"x": [1, 2.5, True], "name": "y"}}
                ),
            ],
        ),
    ]
)
PLACES = list(places(EVERYTHING))


def test_every_number_word_point_and_picture_is_a_place():
    kinds = [place.kind for place in PLACES]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "number": 4,
        "word": 4 + 1 + 1,
        "point": 3,
        "picture": 1,
    }


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.kind}-{place.span[0]}")
def test_a_change_changes_one_value_and_is_found_unless_it_is_a_picture(place):
    stored = EVERYTHING.cells[place.cell].outputs
    changed = [nbformat.from_dict(json.loads(json.dumps(one))) for one in stored]
    what = change(changed, place)
    assert what
    assert changed != stored
    found = compare(changed, stored, Tolerance()).differences
    assert bool(found) == (place.kind != "picture"), what


def test_a_listed_notebook_is_brought_with_what_it_needs(tmp_path):
    clone = tmp_path / "clones" / "owner+name"
    save(clone / "docs" / "one.ipynb", [cell("1")])
    (clone / "docs" / "data").mkdir()
    (clone / "docs" / "data" / "values.csv").write_text("1,2\n")
    git = ["git", "-C", str(clone), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "Add"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    (tmp_path / "list.csv").write_text(
        "repository,commit,path,kind,needs\n"
        f"owner/name,{commit},docs/one.ipynb,numbers,data/values.csv\n"
    )
    (one,) = strangers.listed(tmp_path / "list.csv")
    (tmp_path / "clones" / "owner+name").rename(tmp_path / "moved")
    (tmp_path / "clones" / "owner+name").symlink_to(tmp_path / "moved" / ".git")
    path = strangers.bring(one, tmp_path / "clones", tmp_path / "work")
    assert one.title == "name: one"
    assert path.read_bytes() == (tmp_path / "moved" / "docs" / "one.ipynb").read_bytes()
    assert (tmp_path / "work" / "data" / "values.csv").read_text() == "1,2\n"


def test_the_committed_list_names_each_notebook_once_with_its_commit():
    listed = strangers.listed(strangers.LIST)
    assert len(listed) >= 40
    assert len({(one.repository, one.path) for one in listed}) == len(listed)
    assert all(len(one.commit) == 40 and one.kind for one in listed)
