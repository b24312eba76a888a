"""Read a built page as the sections that the search finds.

A section is what a link can lead to: a heading with its text, an exercise, a solution, a term of
the glossary, or an entry of the API reference. Text counts once in a section: the tabs of several
frameworks often say the same.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
# These begin a new line of text. All other elements continue the line.
BLOCKS = HEADINGS | {"article", "section", "div", "p", "li", "tr", "dt", "dd", "pre", "br", "table"}
BLOCKS |= {"figure", "figcaption", "caption", "ul", "ol", "dl", "blockquote", "details", "summary"}
# Neither prose nor code of the page: its navigation, labels of controls, pictures, and repetitions
LEFT_OUT_TAGS = {"script", "style", "svg", "button", "label", "nav", "template", "noscript", "form"}
LEFT_OUT_CLASSES = {"headerlink", "eqno", "property", "toctree-wrapper", "sd-tab-label"}
LEFT_OUT_CLASSES |= {"glossary-card", "figure-data", "collapsed", "expanded"}
# Admonitions with their own address
ADMONITIONS = {"exercise", "solution"}
# MathML: what separates the two parts of a formula that stand above each other
SEPARATORS = {"mfrac": "/", "msup": "^", "msub": "_"}
ARTICLE = re.compile(r'<article class="bd-article">.*?</article>', re.DOTALL)
WORD = re.compile(r"[^\W\d_]{2}")


@dataclass
class Section:
    """A section of a page.

    Attributes:
        anchor: the id that a link names.
        parent: the number of the section that contains it, on the same page; -1 for none.
        title: its heading, with its number.
        text: the lines of its prose, without the sections inside it.
        code: the lines of its code and outputs.
    """

    anchor: str
    parent: int
    title: str = ""
    text: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


@dataclass
class _Open:
    """An open element: what ends with it."""

    tag: str
    hidden: bool = False
    code: bool = False
    link: bool = False
    section: bool = False
    title: bool = False
    entry: bool = False
    parts: int = 0


class _Reader(HTMLParser):
    def __init__(self, alias: str) -> None:
        super().__init__()
        self.alias = alias
        self.sections: list[Section] = []
        self.path: list[int] = []
        self.open: list[_Open] = []
        self.line: list[str] = []
        self.only_links = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        classes = set((named.get("class") or "").split())
        if tag in BLOCKS:
            self.end_line()
        if tag in VOID:
            return
        above = self.open[-1] if self.open else _Open("")
        if above.tag in SEPARATORS:
            if above.parts:
                self.line.append(SEPARATORS[above.tag])
            above.parts += 1
        one = _Open(tag, above.hidden, above.code or tag == "pre", above.link or tag == "a")
        one.hidden |= tag in LEFT_OUT_TAGS or bool(classes & LEFT_OUT_CLASSES)
        one.hidden |= tag == "math" and named.get("display") == "block"
        self.open.append(one)
        identity = named.get("id")
        if identity and not one.hidden:
            if tag == "section" or (tag == "div" and classes & ADMONITIONS):
                self.begin(identity)
                one.section = True
            elif tag == "dt":
                self.end_entry()
                self.begin(identity)
                one.title = "sig" not in classes
                self.open[-2].entry = True
        one.title |= tag in HEADINGS and bool(self.path)
        one.title |= "admonition-title" in classes and any(each.section for each in self.open[-2:])
        one.title |= "sig-name" in classes

    def handle_endtag(self, tag: str) -> None:
        if not any(one.tag == tag for one in self.open):
            return
        while True:
            one = self.open.pop()
            if one.title:
                self.end_title(one)
            elif one.tag in BLOCKS:
                self.end_line(one.code or one.tag == "dt")
            elif one.tag in ("td", "th"):
                self.line.append(" ")
            if one.entry:
                self.path.pop()
            if one.section:
                self.path.pop()
            if one.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1].hidden:
            return
        if not data.isspace() and not self.open[-1].link:
            self.only_links = False
        if self.open[-1].code:
            *lines, last = data.split("\n")
            for line in lines:
                self.line.append(line)
                self.end_line(code=True)
            self.line.append(last)
        else:
            self.line.append(data)

    def begin(self, anchor: str) -> None:
        self.end_line()
        self.sections.append(Section(anchor, self.path[-1] if self.path else -1))
        self.path.append(len(self.sections) - 1)

    def end_entry(self) -> None:
        """End the entry before this one in the same list of definitions."""
        if self.open[-2].entry:
            self.open[-2].entry = False
            self.end_line()
            self.path.pop()

    def end_title(self, one: _Open) -> None:
        section = self.sections[self.path[-1]]
        words = _plain("".join(self.line))
        self.line.clear()
        self.only_links = True
        if section.title or not words:
            return
        if one.tag not in HEADINGS and any(each.tag == "dt" for each in self.open):
            above = self.sections[section.parent].title if section.parent >= 0 else ""
            owner = above if above.startswith(f"{self.alias}.") else self.alias
            words = f"{owner}.{words}"
        section.title = words

    def end_line(self, code: bool = False) -> None:
        words, only_links = _plain("".join(self.line)), self.only_links
        self.line.clear()
        self.only_links = True
        # A line of links leads elsewhere; it says nothing itself.
        if not words or not self.path or (only_links and not code):
            return
        section = self.sections[self.path[-1]]
        lines = section.code if code else section.text
        if words not in lines and WORD.search(words):
            lines.append(words)


def _plain(words: str) -> str:
    return re.sub(r"\s+", " ", words).replace("^′", "′").strip()


def read_sections(page: str, alias: str = "") -> list[Section]:
    """The sections of a page, in their order.

    Args:
        page: the HTML of a built page.
        alias: the name by which readers' code calls the package; it begins the titles of the API
            reference, as in ``d2l.Trainer``.
    """
    reader = _Reader(alias)
    reader.feed("".join(ARTICLE.findall(page)))
    reader.close()
    return reader.sections
