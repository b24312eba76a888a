"""Pages and books small enough to be run in a test: plain Python under the frameworks' names."""

from pathlib import Path

from backends import ROOT

from tabbook.config import book_of

#: What a toy book takes from this one: its frameworks, and where it says what.
CONFIG = f"""
[project]
name = "toy"
version = "1"

[project.optional-dependencies]
lab = ["jupyter"]
torch = ["torch>=2,<3", "toy[lab]"]
tensorflow = ["tensorflow", "toy[lab]"]
jax = ["jax", "flax>=0.10", "toy[lab]"]
mxnet = ["mxnet==1.9.1; sys_platform == 'linux'", "numpy<2", "toy[lab]"]

[tool.tabbook]
key = "d2lcompat"
frameworks = "{ROOT / "d2lcompat" / "frameworks.toml"}"
framework_variable = "D2LCOMPAT_FRAMEWORK"
live_extension = "d2lcompat.tab"
distributions = ["d2lcompat"]
environment = {{OMP_NUM_THREADS = "1", D2LCOMPAT_LIVE_PLOTS = "0"}}

[tool.tabbook.data]
name = "Fashion-MNIST"
tag = "fashion-mnist"
variable = "D2LCOMPAT_DATA"
synthetic = "synthetic"

[tool.tabbook.reference]
package = "d2lcompat"
alias = "d2l"
folder = "chapters/api"
"""

#: Above all toys, so that what is configured above the system's temporary folder is not found.
NO_BOOK = "[tool.tabbook]\n"

HEADER = """\
---
jupytext:
  notebook_metadata_filter: d2lcompat
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3 (ipykernel)
  language: python
d2lcompat:
  frameworks: [{frameworks}]
  seed: {seed}
---

"""


def code(source: str, tab: str | None = None, options: str = "") -> str:
    """A code cell as it stands in a page's source."""
    mark = f"%%tab {tab}\n" if tab is not None else ""
    return f"```{{code-cell}} ipython3\n{options}{mark}{source}\n```\n"


def prose(**items: str) -> str:
    """A tab set with words for some frameworks."""
    cells = [f":::{{tab-item}} {k}\n:sync: {k}\n\n{text}\n:::" for k, text in items.items()]
    return "\n".join(["::::{tab-set}", ":sync-group: framework", "", *cells, "::::", ""])


def configure(folder: Path, extra: str = "") -> Path:
    """Make a folder, or the one above ``chapters``, the root of a book; return that folder."""
    root = folder.parent if folder.name == "chapters" else folder
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(CONFIG + extra, encoding="utf-8")
    return root


def write(folder: Path, *parts: str, frameworks: str = "pytorch, jax", name: str = "toy") -> Path:
    """Write a page and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    if not book_of(folder).frameworks:
        configure(folder)
    path = folder / f"{name}.md"
    text = HEADER.format(frameworks=frameworks, seed=0) + "\n".join(parts)
    path.write_text(text, encoding="utf-8")
    return path
