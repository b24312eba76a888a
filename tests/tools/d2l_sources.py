"""Small sources in the dialect of d2lbook, written for the tests."""

from pathlib import Path

SETUP = """```{.python .input}
%load_ext d2lbook.tab
tab.interact_select('pytorch', 'jax')
```
"""


def cell(source: str, mark: str = "%%tab all") -> str:
    """A cell with a first line that names its frameworks."""
    return (
        f"```{{.python .input}}\n{mark}\n{source}\n```\n"
        if mark
        else (f"```{{.python .input}}\n{source}\n```\n")
    )


def tab(names: str, text: str) -> str:
    """Text for some frameworks."""
    return f":begin_tab:`{names}`\n{text}\n:end_tab:\n"


CONFIG = """\
[project]
name = toy
title = Toy & Co
author = Nobody
copyright = 2026
release = 1.0

[build]
notebooks = *.md */*.md
exclusions = README.md
resources = img/ d2l.bib
tabs = pytorch, jax

[library-pytorch]
lib_file = d2l/torch.py
lib_name = torch
simple_alias = ones, exp(, concat -> cat
fluent_alias = reshape, reduce_sum -> sum
alias =
    nothing = None

[library-jax]
lib_file = d2l/jax.py
lib_name = jnp
simple_alias = ones, exp
"""

BIBLIOGRAPHY = "@book{One2020, title={One}, author={Ada One}, year={2020}, publisher={Nobody}}\n"
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4" width="4pt" height="4pt"></svg>\n'
)


def write_sources(folder: Path, files: dict[str, str], config: str = CONFIG) -> Path:
    """Write sources (path -> text) with settings, a bibliography and a picture."""
    given = {"d2l.bib": BIBLIOGRAPHY, "img/net.svg": PICTURE, "config.ini": config, **files}
    for name, text in given.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder
