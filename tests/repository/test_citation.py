"""The book says in three places how to cite it, and says the same."""

import re

import yaml
from backends import ROOT

from d2lcompat import __version__


def test_the_citation_file_and_the_box_on_the_page_agree():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    page = (ROOT / "chapters" / "references.md").read_text(encoding="utf-8")
    (box,) = re.findall(r"```bibtex\n(.*?)```", page, re.DOTALL)
    fields = {name: value.strip("{}") for name, value in re.findall(r"(\w+) += (\{.*\})", box)}
    assert fields == {
        "title": cited["title"],
        "author": cited["authors"][0]["name"],
        "year": str(config["copyright"]),
        "version": cited["version"],
    }
    assert cited["title"] == config["title"]
    assert cited["authors"] == [{"name": config["author"]}]
    assert cited["version"] == __version__
