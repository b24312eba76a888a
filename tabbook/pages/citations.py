"""Citations by author and year, as in the book, and the list of references."""

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

from pybtex.backends.markdown import Backend
from pybtex.database import Entry, parse_file
from pybtex.richtext import Text
from pybtex.style.formatting.alpha import Style

#: The roles: with author and year in brackets, or with the year alone.
ROLES = {"cite": "p", "cite:p": "p", "cite:t": "t"}


def bibliography(files: Iterable[Path]) -> "Bibliography":
    """The contents of ``.bib`` files, which are read again only after a change."""
    return _read(tuple((file, file.stat().st_mtime_ns) for file in files))


@functools.lru_cache(maxsize=8)
def _read(stamps: tuple[tuple[Path, int], ...]) -> "Bibliography":
    return Bibliography(file for file, _ in stamps)


class Bibliography:
    """Entries of ``.bib`` files, in Markdown."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.entries: dict[str, Entry] = {}
        for file in files:
            self.entries.update(parse_file(str(file)).entries)
        self.style = Style()
        self.texts: dict[str, str] = {}

    def citation(self, role: str, keys: Sequence[str]) -> str:
        """Citations of entries as in the text, each with a link to ``#cite-<key>``.

        Raises:
            KeyError: an entry does not exist.
        """
        cited = [(self.entries[key], f"#cite-{key}") for key in keys]
        if ROLES[role] == "t":
            return ", ".join(
                f"{_names(entry)} [[{_field(entry, 'year')}]({link})]" for entry, link in cited
            )
        inner = ", ".join(
            f"[{_names(entry)}, {_field(entry, 'year')}]({link})" for entry, link in cited
        )
        return f"[{inner}]"

    def list(self, keys: Iterable[str]) -> str:
        """A list of entries in the book's order, each with the anchor of its citations."""
        entries = self.style.sort([self.entries[key] for key in keys])
        return "\n".join(f'- <a id="cite-{entry.key}"></a>{self.text(entry)}' for entry in entries)

    def text(self, entry: Entry) -> str:
        """The text of an entry in the book's list."""
        if entry.key not in self.texts:
            text = self.style.format_entry("", entry).text.render(_Markdown())
            self.texts[entry.key] = " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())
        return self.texts[entry.key]


class _Markdown(Backend):  # type: ignore[misc]  # pybtex has no types
    """CommonMark; pybtex's own escapes what needs none there."""

    symbols = {"ndash": "–", "newblock": " ", "nbsp": "\N{NO-BREAK SPACE}"}

    def format_str(self, text: str) -> str:
        return "".join("\\" + one if one in r"\`*_[]<>$|" else one for one in text)

    def format_href(self, url: str, text: str, external: bool = False) -> str:
        return f"<{url}>" if text == self.format_str(url) else f"[{text}]({url})"


def _names(entry: Entry) -> str:
    """The authors, else the editors, else the title."""
    for role in ("author", "editor"):
        if people := entry.persons.get(role):
            names = [
                Text(" ").join([*one.rich_prelast_names, *one.rich_last_names]) for one in people
            ]
            if len(names) > 2:
                return f"{names[0].render(_Markdown())} *et al.*"
            return " and ".join(name.render(_Markdown()) for name in names)
    return _field(entry, "title")


def _field(entry: Entry, name: str) -> str:
    return str(Text.from_latex(entry.fields[name]).render(_Markdown()))
