"""A folder of sources becomes a book: contents, modules, names, files, and a build."""

import re
import subprocess
import sys
import types

import pytest
import yaml
from backends import ROOT
from d2l_sources import SETUP, cell, tab, write_sources
from PIL import Image
from sphinx_book import build, store_notebooks, stream

from tabbook.cli import main
from tabbook.config import book_of
from tabbook.import_d2l.dialect import dialect
from tabbook.import_d2l.saved import libraries, module_text
from tabbook.import_d2l.sources import read
from tabbook.import_d2l.write import contents
from tabbook.pages.drawings import save
from tabbook.pages.source import pages, read_page

FILES = {
    "index.md": "# Book\n\n```toc\n:numbered:\n\nfirst/index\nsecond/index\n```\n\n"
    "```toc\nreferences\n```\n",
    "first/index.md": "# First\n:label:`chap_first`\n\n```toc\na\nb\n```\n",
    "first/a.md": SETUP
    + "# A\n:label:`sec_a`\n\n![A net.](../img/net.svg)\n:label:`fig_net`\n\n"
    + cell("import math #@save\nfrom d2l import torch as d2l", "%%tab pytorch")
    + cell("from d2l import jax as d2l", "%%tab jax")
    + cell('def twice(x):  #@save\n    """Two."""\n    return 2 * x')
    + cell(
        "class A:  #@save\n    if tab.selected('jax'):\n        kind = 'j'\n"
        "    if tab.selected('pytorch'):\n        kind = 't'"
    ),
    "first/b.md": SETUP
    + "# B\n\nSee :numref:`sec_a`, :numref:`fig_net` and :cite:`One2020`.\n\n"
    + tab("pytorch", "For one.")
    + tab("jax", "For the other.")
    + "\n$$a$$\n:eqlabel:`eq_a`\n\nBy :eqref:`eq_a`.\n\n"
    + cell("from d2l import torch as d2l", "%%tab pytorch")
    + cell("from d2l import jax as d2l", "%%tab jax")
    + cell(
        "@d2l.add_to_class(d2l.A)  #@save\ndef method(self):\n    return d2l.twice(1), d2l.nowhere"
    ),
    "second/index.md": "# Second\n\n```toc\nc\n```\n",
    "second/c.md": "# C\n\n"
    + cell("import d2l.torch as d2l\nd2l.set_here = d2l.ones\nd2l.set_here, d2l.nothing"),
    "references.md": "# References\n\n:bibliography:`d2l.bib`\n",
    "README.md": "# Not a page\n",
    "d2l/torch.py": "BY_HAND = 1\n\n#####  WARNING  #####\n# generated\nold = 2\n",
    "LICENSE": "Of the sources.\n",
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return write_sources(tmp_path_factory.mktemp("sources") / "toy", FILES)


@pytest.fixture(scope="module")
def book(sources, tmp_path_factory):
    to = tmp_path_factory.mktemp("imported") / "book"
    assert main(["import-d2l", "--base", "none", "--to", str(to), str(sources)]) == 0
    return to


def test_it_is_a_book_of_ours(book):
    found = book_of(book)
    assert [*found.frameworks] == ["pytorch", "jax"]
    assert found.frameworks["jax"] == dialect().frameworks["jax"]
    assert found.environment == dialect().environment
    assert {page.name: page.frameworks for page in pages(book)} == {
        "a": ("pytorch", "jax"),
        "b": ("pytorch", "jax"),
        "c": ("pytorch",),
    }
    assert (book / "img" / "net.svg").exists()
    assert (book / "d2l.bib").exists()
    assert (book / "LICENSE").read_text() == "Of the sources.\n"
    config = yaml.safe_load((book / "_config.yml").read_text())
    assert (config["title"], config["bibtex_bibfiles"]) == ("Toy & Co", ["d2l.bib"])


def test_contents(book):
    assert yaml.safe_load((book / "_toc.yml").read_text()) == {
        "format": "jb-book",
        "root": "chapters/index",
        "parts": [
            {
                "numbered": True,
                "chapters": [
                    {
                        "file": "chapters/first",
                        "sections": [{"file": "chapters/a"}, {"file": "chapters/b"}],
                    },
                    {"file": "chapters/second", "sections": [{"file": "chapters/c"}]},
                ],
            },
            {"chapters": [{"file": "chapters/references"}]},
        ],
    }


@pytest.mark.parametrize(
    ("chosen", "root", "rest"),
    [
        (["first"], "first", ["a", "b"]),
        (["b"], "b", []),
        (["first/b.md", "second/index"], "b", ["second"]),
        (["a", "c"], "a", ["c"]),
    ],
)
def test_contents_of_some_pages(sources, chosen, root, rest):
    folder = read(sources)
    names = folder.names(folder.chosen(chosen))
    toc = contents(folder, names, "x")
    files = [entry for part in toc["parts"] for entry in part["chapters"]]
    assert toc["root"] == f"x/{root}"
    assert [entry["file"] for entry in files] == [f"x/{name}" for name in rest]


def test_a_reference_to_a_page_that_is_not_imported_names_it(sources, tmp_path, capsys):
    assert main(["import-d2l", "--to", str(tmp_path / "book"), str(sources), "first/b.md"]) == 0
    text = (tmp_path / "book" / "chapters" / "b.md").read_text()
    assert "See “A”, a figure of “A” and {cite}`One2020`." in text
    printed = capsys.readouterr().err
    line = (
        FILES["first/b.md"]
        .split("\n")
        .index("See :numref:`sec_a`, :numref:`fig_net` and :cite:`One2020`.")
        + 1
    )
    assert f"{sources / 'first' / 'b.md'}:{line}: warning: 'sec_a' is on first/a.md" in printed


# --- modules --------------------------------------------------------------------------------------


def loaded(text):
    """A generated module, run beside packages that stand for the frameworks."""
    module = types.ModuleType("d2l.toy")
    fake = types.SimpleNamespace(ones="ones", exp="exp", cat="cat")
    vars(module).update(torch=fake, jnp=fake)
    sys.modules[module.__name__] = module
    try:
        exec(compile(text, "toy.py", "exec"), vars(module))
    finally:
        del sys.modules[module.__name__]
    return module


def test_a_module_has_what_the_pages_save(sources):
    folder = read(sources)
    every = folder.convert(list(folder.sources))
    modules = libraries(folder, every, "")
    kinds = {"pytorch": "t", "jax": "j"}
    for name, library in modules.items():
        module = loaded(module_text(library, "Toy"))
        assert module.twice(2) == 4
        assert module.A.kind == kinds[name]
        assert module.A.method.__code__.co_varnames == ("self",)
        assert module.ones == "ones"
        assert not hasattr(module, "old")
        assert set(library.names) <= {*vars(module)}
    torch = loaded(module_text(modules["pytorch"], "Toy"))
    assert (torch.concat, torch.nothing, torch.BY_HAND) == ("cat", None, 1)
    assert torch.reduce_sum(types.SimpleNamespace(sum=lambda axis: axis), 3) == 3
    assert torch.math.pi > 3


def test_a_package_is_preferred(tmp_path, monkeypatch, sources):
    package = tmp_path / "better"
    package.mkdir()
    (package / "__init__.py").touch()
    text = "__all__ = ['A', 'twice']\ndef twice(x):\n    return 3 * x\nclass A:\n    kind = 'b'\n"
    for module in ("torch", "jax"):
        (package / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    folder = read(sources)
    every = folder.convert(list(folder.sources))
    modules = libraries(folder, every, "better")
    assert "better.torch" not in sys.modules  # it is read, not imported
    module = loaded(module_text(modules["pytorch"], "Toy"))
    assert (module.twice(2), module.A.kind) == (6, "b")
    assert module.A.method  # what the preferred class lacks is added


def test_a_package_without_such_a_module_is_an_error(sources, tmp_path, capsys):
    to = str(tmp_path / "book")
    assert main(["import-d2l", "--base", "json", "--to", to, str(sources)]) == 1
    assert "expected a module json.torch" in capsys.readouterr().err


SAVES = {
    "def f():  #@save\n    pass\n\ndef g():\n    pass": ["f"],
    "#@save\nimport os\nimport re\n\nimport json": ["os", "re"],
    "#@save\nx = 1\ny = 2\ndef f():\n    pass\nz = 3": ["x", "y", "f"],
    "x = (1,  #@save\n     2)\n\ny = 1": ["x"],
    "x = (1,\n     2)  #@save": ["x"],
    "@decorated  #@save\ndef f():\n    pass": ["f"],
    "@decorated\ndef f():  #@save\n    pass": ["f"],
    "d2l.name = 1  #@save": ["name"],
    "from a import b as c  #@save": ["c"],
    "%matplotlib inline\nclass A:  #@save\n    x = 1": ["A"],
    "a, (b, c) = x  #@save": ["a", "b", "c"],
    "x = 1\ny = 2": [],
}


@pytest.mark.parametrize("source", SAVES)
def test_what_a_mark_saves(tmp_path, source):
    text = cell(source, "%%tab pytorch")
    folder = read(write_sources(tmp_path, {"index.md": text}, config=""))
    page = folder.convert(list(folder.sources))
    found = libraries(folder, page, "")["pytorch"].definitions
    assert [name for one in found for name in one.names] == SAVES[source]
    assert all("@save" not in one.text for one in found)


def test_a_missing_package_is_reported_when_it_is_used(tmp_path):
    text = cell("import no_such_package  #@save\nimport math  #@save", "%%tab pytorch")
    folder = read(write_sources(tmp_path, {"index.md": text}, config=""))
    page = folder.convert(list(folder.sources))
    module = loaded(module_text(libraries(folder, page, "")["pytorch"], "Toy"))
    assert module.math.pi > 3
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        module.no_such_package.anything()


# --- names ----------------------------------------------------------------------------------------


def test_names(sources, capsys):
    assert main(["import-d2l", "--base", "none", "--names", str(sources)]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(
        n for n, line in enumerate(FILES["first/b.md"].split("\n"), 1) if "add_to_class(" in line
    )
    for name in ("pytorch", "jax"):
        assert (
            f"first/b.md {name}: missing: add_to_class (line {at - 2}), nowhere (line {at - 2})"
            in lines
        )
    a = next(line for line in lines if line.startswith("first/b.md jax: defined by the book"))
    assert "twice (first/a.md:" in a
    assert "A (first/a.md:" in a
    c = [line for line in lines if line.startswith("second/c.md")]
    assert c == [
        "second/c.md pytorch: defined by the book: ones (config.ini), set_here "
        "(second/c.md), nothing (config.ini)"
    ]
    assert lines[-1] == "2 of 5 pairs of page and framework lack a name"


def test_a_page_that_never_imports_the_module_lacks_its_name(tmp_path, capsys):
    """d2lbook replaces the aliases in its notebooks, so a few pages rely on no import."""
    text = "# A\n\n" + cell("x = 1", "%%tab jax") + cell("d2l.ones(1)\nd2l.exp(1)", "%%tab jax")
    sources = write_sources(tmp_path, {"index.md": text})
    assert main(["import-d2l", "--base", "none", "--names", str(sources)]) == 1
    line = capsys.readouterr().out.splitlines()[0]
    assert line == "index.md jax: missing: d2l (line 7)"


def test_names_of_pages_that_lack_none(sources, capsys):
    assert main(["import-d2l", "--base", "none", "--names", str(sources), "second"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 of 1 pairs")


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "expects either --to DIR or --names"),
        (["--names", "--to", "x"], "expects either --to DIR or --names"),
        (["--to", "{sources}"], "expects a folder outside of"),
        (["--to", "{sources}/book"], "expects a folder outside of"),
        (["--to", "{full}"], "expects an empty folder"),
        (["--to", "{full}/file"], "is a file"),
    ],
)
def test_wrong_arguments(sources, tmp_path, capsys, arguments, words):
    (tmp_path / "file").touch()
    given = [one.format(sources=sources, full=tmp_path) for one in arguments]
    assert main(["import-d2l", *given, str(sources)]) == 1
    assert words in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_unknown_pages_and_folders(sources, tmp_path, capsys):
    to = str(tmp_path / "book")
    assert main(["import-d2l", "--to", to, str(sources), "none"]) == 1
    assert "no page or folder 'none'" in capsys.readouterr().err
    assert main(["import-d2l", "--to", to, str(tmp_path / "none")]) == 1
    assert "expected a folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["import-d2l", "--to", to, str(tmp_path / "empty")]) == 1
    assert "found no .md file" in capsys.readouterr().err


def test_a_page_with_an_error_is_not_written(tmp_path, capsys):
    bad = {
        "index.md": "# A\n\n```toc\ngood\nbad\n```\n",
        "good.md": "# G\n",
        "bad.md": "* a\n  :label:`x`\n",
    }
    sources = write_sources(tmp_path / "sources", bad)
    to = tmp_path / "book"
    assert main(["import-d2l", "--base", "none", "--to", str(to), str(sources)]) == 1
    printed = capsys.readouterr()
    assert f"{sources / 'bad.md'}:2: error: " in printed.err
    assert "1 errors" in printed.out
    assert sorted(path.name for path in (to / "chapters").iterdir()) == ["good.md", "index.md"]


def test_settings_of_an_earlier_import_stay(sources, tmp_path):
    to = tmp_path / "book"
    arguments = ["import-d2l", "--base", "none", "--to", str(to), str(sources)]
    assert main(arguments) == 0
    (to / "_config.yml").write_text("title: Mine\n")
    (to / "chapters" / "a.md").write_text("changed")
    assert main(arguments) == 0
    assert (to / "_config.yml").read_text() == "title: Mine\n"
    assert "code-cell" in (to / "chapters" / "a.md").read_text()


def test_two_pages_of_one_name_have_two_names(tmp_path):
    files = {"index.md": "# I\n", "one/a.md": "# A\n", "two/a.md": "# B\n", "one/b.md": "# C\n"}
    folder = read(write_sources(tmp_path, files))
    names = folder.names(folder.chosen([]))
    assert sorted(names.values()) == ["b", "index", "one_a", "two_a"]
    assert folder.names(folder.chosen(["one/a.md"])) == {
        path: name for path, name in names.items() if name == "one_a"
    }


def test_the_book_builds(book):
    """Built as it was imported, with notebooks as if they had been executed."""
    save(Image.new("RGB", (8, 8)), book / "img" / "net.svg")
    for name in ("a", "b", "c"):
        page = read_page(book / "chapters" / f"{name}.md")
        store_notebooks(page, lambda framework, cell: stream(f"{framework} said so\n"))
    # The font of formulas is not in the package
    config = yaml.safe_load((book / "_config.yml").read_text())
    config["sphinx"]["config"]["html_extra_path"] = [str(ROOT / "third_party" / "book")]
    (book / "_config.yml").write_text(yaml.safe_dump(config))
    build(book)
    html = (book / "_build" / "html" / "chapters" / "b.html").read_text()
    assert html.count("sd-tab-item") > 3
    assert "For the other." in html
    assert "pytorch said so" in html
    assert 'href="a.html#sec-a"' in html
    assert 'href="a.html#fig-net"' in html
    assert re.search(r'class="eqno">\([\d.]+\)', html)


def test_help_needs_no_package_of_the_importer():
    code = "import sys; from tabbook.cli import main; sys.modules['markdown_it'] = None; "
    code += "main(['import-d2l', '--help'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "FOLDER" in done.stdout
