"""The text of paragraphs, headings, captions and cells of tables, from d2lbook to MyST."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from markdown_it.token import Token

from tabbook.import_d2l.dialect import Report
from tabbook.import_d2l.markup import SLIDES, pieces

_CITATIONS = {"cite": "cite", "citep": "cite:p", "citet": "cite:t"}
_REFERENCES = {"numref": "numref", "ref": "ref", "eqref": "eq"}
# A line with a comment, a break or a target; a substitution; a role
_MYST_ONLY = re.compile(
    r"^ *(%|\+\+\+|\([^()\n]+\)= *$)|(?=(\{\{))|(?=(\{[\w:+-]+\}`))", re.MULTILINE
)
_CLOSING = {opening: closing for opening, closing, _ in SLIDES}
_ONLY_SLIDES = {opening for opening, _, is_only in SLIDES if is_only}


# A mark: the first line and the text of its block, and its position in the text.
_Place = tuple[int, str, int]


@dataclass(frozen=True)
class _Pair:
    """What a mark of slides belongs to: whether only slides show it, and where it ends."""

    is_only: bool
    stop: int | None


@dataclass(frozen=True)
class Target:
    """What a label stands for.

    Attributes:
        page: the source that has it, relative to the folder.
        title: the title of that page, in MyST.
        kind: ``section``, ``equation``, ``figure``, ``table`` or ``text``.
    """

    page: PurePosixPath
    title: str
    kind: str


@dataclass
class Surroundings:
    """What a page needs to know of the other pages.

    Attributes:
        page: this page, relative to the folder of the sources.
        labels: every label of the folder.
        names: the names of the converted pages in the new book, by source.
        citations: the keys of the bibliography; None if there is none.
        root: the folder of the sources, where pictures are looked for; None looks for none.
        pictures: the pictures of the page, which are added here.
    """

    page: PurePosixPath
    labels: dict[str, Target]
    names: dict[PurePosixPath, str]
    citations: frozenset[str] | None = None
    root: Path | None = None
    pictures: set[PurePosixPath] = field(default_factory=set)


class Words:
    """Converts the text of one page."""

    def __init__(self, surroundings: Surroundings, report: Report) -> None:
        self.around = surroundings
        self.report = report
        self.pairs: dict[_Place, _Pair] = {}

    def text(self, text: str, line: int) -> str:
        """The converted text of a block.

        Args:
            text: its text, without the marks of lists, quotations and headings.
            line: its first line in the source, counted from 0, for the report.
        """
        found = pieces(text)
        edits = [*self.slides(text, found, line), *_escapes(text, found)]
        for start, end, token in found:
            at = line + text.count("\n", 0, start)
            match token.type:
                case "d2l_role":
                    edits.append((start, end, self.role(token, at)))
                case "image":
                    edits += self.address(text, start, end, token, self.picture, "src", at)
                case "link_open":
                    edits += self.address(text, start, end, token, self.link, "href", at)
        return _edited(text, edits)

    def slides(
        self, text: str, found: Sequence[tuple[int, int, Token]], line: int
    ) -> list[tuple[int, int, str]]:
        """Leave out the marks of text for slides, and the text that only slides show."""
        marks = [(start, end) for start, end, token in found if token.type == "d2l_slide"]
        edits: list[tuple[int, int, str]] = []
        for start, end in marks:
            pair = self.pairs.get((line, text, start))
            if pair is None:
                continue  # emphasis at the edge of a parenthesis
            edits.append((start, end, ""))
            if pair.is_only and pair.stop is not None:
                words = " ".join(text[end : pair.stop].split())
                at = line + text.count("\n", 0, start)
                self.report.warn(at, f"left out, because only slides show it: {words!r}")
                edits.append((start, pair.stop, ""))
        return edits

    def pair_marks(self, texts: list[tuple[int, str]]) -> None:
        """Find what the marks of slides in a page enclose; they may begin and end in two blocks.

        Args:
            texts: the blocks' first lines and texts.
        """
        opened: list[tuple[_Place, int, str]] = []
        for line, text in texts:
            for start, end, token in pieces(text):
                if token.type != "d2l_slide":
                    continue
                if token.info == "open":
                    opened.append(((line, text, start), end, token.content))
                    continue
                fits = [one for one in opened if _CLOSING[one[2]] == text[start:end]]
                if not fits:
                    continue
                place, _, kind = fits[-1]
                del opened[opened.index(fits[-1]) :]
                is_only = kind in _ONLY_SLIDES
                is_here = place[:2] == (line, text)
                if is_only and not is_here:
                    self.report.warn(
                        place[0], f"expected `{_CLOSING[kind]}` in the same paragraph; it stays."
                    )
                    continue
                self.pairs[place] = _Pair(is_only, start if is_here else None)
                self.pairs[line, text, start] = _Pair(is_only, None)
            # `(**a** b)` is emphasis; a mark that ends in another block stands alone
            opened = [one for one in opened if one[0][:2] != (line, text) or not _ends(text, one)]

    def role(self, token: Token, line: int) -> str:
        """A reference or citation in MyST."""
        name, value = token.info, token.content
        if name in _CITATIONS:
            keys = [key.strip() for key in value.split(",") if key.strip()]
            known = self.around.citations
            for key in keys:
                if known is not None and key not in known:
                    self.report.warn(line, f"no entry {key!r} in the bibliography.")
            return f"{{{_CITATIONS[name]}}}`{','.join(keys)}`"
        if name in _REFERENCES:
            return self.reference(_REFERENCES[name], value, line)
        self.report.warn(
            line,
            f"expected one of :{':, :'.join((*_REFERENCES, *_CITATIONS))}:; `:{name}:` stays as "
            "it is.",
        )
        return f":{name}:`{value}`"

    def reference(self, role: str, label: str, line: int) -> str:
        target = self.around.labels.get(label)
        if target is None:
            self.report.warn(line, f"no page has the label {label!r}; the reference shows it.")
            return f"`{label}`"
        if target.page in self.around.names:
            return f"{{{role}}}`{label}`"
        self.report.warn(
            line, f"{label!r} is on {target.page}, which is not imported; the reference names it."
        )
        place = "" if target.kind == "section" else f"a {target.kind} of "
        return place.replace("a equation", "an equation") + f"“{target.title}”"

    def address(
        self,
        text: str,
        start: int,
        end: int,
        token: Token,
        convert: Callable[[str, int], str],
        attribute: str,
        line: int,
    ) -> list[tuple[int, int, str]]:
        """The edits that convert the address of a link or picture."""
        old = str(token.attrs[attribute])
        new = convert(old, line)
        at = text.rfind(old, start, end)
        if new == old:
            return []
        if at < 0:
            self.report.warn(line, f"the address {old!r} is written in another form, and stays.")
            return []
        return [(at, at + len(old), new)]

    def picture(self, address: str, line: int) -> str:
        """The address of a picture for the new page, which is in a folder of the book."""
        if re.match(r"\w+:", address):
            return address
        path = _joined(self.around.page.parent, address)
        root = self.around.root
        if root is not None and not (root / path).is_file():
            self.report.warn(line, f"the picture {path} does not exist; the page shows none.")
        else:
            self.around.pictures.add(path)
        return f"../{path}"

    def link(self, address: str, line: int) -> str:
        """The address of a link for the new page."""
        if re.match(r"[\w.+-]+:|#", address) or not address:
            return address
        file, mark, part = address.partition("#")
        path = _joined(self.around.page.parent, file)
        if path in self.around.names:
            return f"{self.around.names[path]}.md{mark}{part}"
        self.report.warn(line, f"the link to {address!r} leads to no page of the new book.")
        return address


def _escapes(text: str, found: Sequence[tuple[int, int, Token]]) -> list[tuple[int, int, str]]:
    """Escape what MyST alone takes for markup: comments, targets, substitutions, roles."""
    taken = [(start, end) for start, end, token in found if token.type != "d2l_slide"]
    return [
        (at, at, "\\")
        for at in (match.start(match.lastindex or 0) for match in _MYST_ONLY.finditer(text))
        if not any(start <= at < end for start, end in taken)
    ]


def _ends(text: str, opened: tuple[_Place, int, str]) -> bool:
    """Whether emphasis ends after an opening mark, which is then no mark."""
    return opened[2][1:] in text[opened[1] :]


def _joined(folder: PurePosixPath, address: str) -> PurePosixPath:
    """A path relative to a folder, without ``..``."""
    parts: list[str] = []
    for part in (folder / address.removeprefix("/")).parts:
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ".."):
            parts.append(part)
    return PurePosixPath(*parts)


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    """A text with some parts replaced; what is within another part is not replaced itself."""
    new, at = "", 0
    for start, end, part in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if start >= at:
            new += text[at:start] + part
            at = end
    return new + text[at:]
