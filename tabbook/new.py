"""Make a small book: settings, two pages in two frameworks, executed notebooks, a workflow."""

import datetime
import json
import re
from importlib import metadata
from pathlib import Path

from tabbook.config import DISTRIBUTION
from tabbook.pages import record
from tabbook.pages.notebooks import NotebookError
from tabbook.pages.source import pages

TEMPLATE = Path(__file__).parent / "new_book"
EXTRAS = "book,check"


def make(folder: Path) -> None:
    """Write the files of the book and execute its notebooks.

    Args:
        folder: the new folder of the book; its name becomes the title.

    Raises:
        NotebookError: the folder is not empty, or a notebook cannot be executed.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotebookError(f"Expected {folder} to be new or empty. Choose another folder.")
    title = re.sub(r"[-_]+", " ", folder.resolve().name).capitalize()
    for source in sorted(TEMPLATE.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            place = source.relative_to(TEMPLATE)
            target = folder / (".gitignore" if place.name == "gitignore" else place)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = source.read_text(encoding="utf-8").replace("REQUIREMENT", _requirement())
            text = text.replace("THIS YEAR", str(datetime.date.today().year))
            quoted = json.dumps(title) if place.suffix == ".yml" else title
            target.write_text(text.replace("MY TITLE", quoted), encoding="utf-8")
    for page in pages(folder):
        for framework in page.frameworks:
            print(f"Wrote {record.execute(page, framework)}")
    print(f"Next: cd {folder}, then pytest, then jupyter-book build .")


def _requirement() -> str:
    """The requirement that installs these tools as they are installed here, if that has an address
    that other machines can reach, or else their version."""
    distribution = metadata.distribution(DISTRIBUTION)
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    address, vcs = origin.get("url", ""), origin.get("vcs_info", {})
    if address.startswith("https://"):
        tool = f"{vcs['vcs']}+" if vcs else ""
        commit = f"@{vcs['commit_id']}" if vcs else ""
        return f"{DISTRIBUTION}[{EXTRAS}] @ {tool}{address}{commit}"
    return f"{DISTRIBUTION}[{EXTRAS}]=={distribution.version}"
