"""All numbers, references and citations in the notebooks agree with the built book."""

import html
import re

import nbformat
import pytest
from backends import ROOT
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tabbook.pages import numbers
from tabbook.pages.source import pages

PAGES = {page.name: page for page in pages(ROOT / "chapters")}
NAMES = sorted(PAGES)
NUMBERED = {
    "equation": r'id="equation-([\w-]+)">\s*<span class="eqno">\(([\d.]+)\)',
    "figure": r'<figure [^>]*id="([\w-]+)">(?:(?!</figure>).)*?"caption-number">Fig\. ([\d.]+) ',
    "table": r'<table [^>]*id="([\w-]+)">\s*<caption><span class="caption-number">Table ([\d.]+) ',
    "exercise": r'id="([\w-]+)">\s*<p class="admonition-title">'
    r'<span class="caption-number">Exercise ([\d.]+) ',
}
HEADING = r'<h[1-6]>(?:<span class="section-number">([\d.]+)\. </span>)?((?:(?!<h\d).)*?)' + (
    r'<a class="headerlink"'
)


@pytest.fixture(scope="module")
def article(book_folder):
    """The HTML of a page's article."""

    def read(name):
        text = (book_folder / f"{name}.html").read_text(encoding="utf-8")
        (found,) = re.findall(r"<article\b.*</article>", text, re.DOTALL)
        return found

    return read


@pytest.fixture(scope="module")
def places():
    return numbers.places_of(PAGES["dropout"])


def words(markup):
    """The text of HTML without formulas, because the book has them in MathML."""
    text = re.sub(r"(?s)<math\b.*?</math>|\$[^$]*\$", "", markup)
    straight = str.maketrans("’“”", '\'""')
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).translate(straight).split())


def test_all_numbered_things_have_the_books_numbers(article, places):
    theirs, shown = {}, 0
    for page in places.titles:
        text = article(page)
        for kind, pattern in NUMBERED.items():
            found = re.findall(pattern, text, re.DOTALL)
            theirs |= {(page, kind, anchor): number for anchor, number in found}
            shown += len(found)
        assert shown == len(theirs), f"an anchor of {page} is there twice"
        said = len(re.findall(r'class="(?:caption-number|eqno)"', text))
        assert said == sum(key[0] == page for key in theirs), f"what has a number in {page}?"
    ours = {
        (place.page, place.kind, numbers.anchor(label)): place.number
        for label, place in places.labels.items()
        if place.number and place.kind != "section"
    }
    assert ours == theirs
    assert len(ours) > 150


def test_all_sections_have_the_books_numbers(article, places):
    count = 0
    for page in places.titles:
        theirs = re.findall(HEADING, article(page), re.DOTALL)
        mine = [number for (name, _), number in places.headings.items() if name == page]
        if page == "chapters/benchmarks":  # it includes another file
            assert not any(number for number, _ in theirs)
            continue
        assert mine == [number for number, _ in theirs], page
        count += sum(map(bool, mine))
    assert count > 90
    theirs = {
        anchor: number
        for page in places.titles
        for anchor, number in re.findall(
            r'<span id="([\w-]+)"></span><h\d><span class="section-number">([\d.]+)\. ',
            article(page),
        )
    }
    ours = {
        numbers.anchor(label): place.number
        for label, place in places.labels.items()
        if place.kind == "section" and place.number
    }
    assert ours == theirs


def prose(name, framework):
    cells = nbformat.read(PAGES[name].notebook(framework), as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_shows_the_books_numbers(name, article):
    text = article(f"chapters/{name}")
    # Each notebook contains only its framework's tabs.
    shown = {framework: prose(name, framework) for framework in PAGES[name].frameworks}
    headings = [(number, words(title)) for number, title in re.findall(HEADING, text, re.DOTALL)]
    reader = MarkdownIt("commonmark").use(dollarmath_plugin)
    for source in shown.values():
        found = re.findall(r"<h[1-6]>(.*?)</h[1-6]>", reader.render(source))
        pattern = re.compile(r"(?:([\d.]+)\. )?(.*)", re.DOTALL)
        mine = [pattern.fullmatch(words(heading)).groups(default="") for heading in found]
        assert [heading for heading in mine if heading != ("", "References")] == headings
    written = {
        "equation": r"\\tag\{([\d.]+)\}",
        "figure": r"\*\*Fig\. ([\d.]+)\*\* ",
        "table": r"\*\*Table ([\d.]+)\*\* ",
        "exercise": r"^> <a id=\"[\w-]+\"></a>\*\*Exercise ([\d.]+) ",
    }
    for kind, pattern in written.items():
        theirs = [number for _, number in re.findall(NUMBERED[kind], text, re.DOTALL)]
        mine = [re.findall(pattern, source, re.MULTILINE) for source in shown.values()]
        assert all(one == [number for number in theirs if number in one] for one in mine)
        assert {number for one in mine for number in one} == set(theirs), kind


def links(name, framework):
    """The targets and texts of a notebook's links."""
    reader = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)
    reader.add_render_rule("math_inline", lambda self, tokens, place, *_: "")
    path = PAGES[name].notebook(framework)
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            found = re.findall(r'(?s)<a href="([^"]*)">(.*?)</a>', reader.render(cell.source))
            yield from ((target, words(text)) for target, text in found)


@pytest.mark.parametrize("name", NAMES)
def test_references_read_as_in_the_book(name, article, places):
    theirs, cited, lost = set(), set(), set()
    for target, text in re.findall(
        r'(?s)<a class="reference internal" href="([^"]*)"[^>]*>(.*?)</a>',
        article(f"chapters/{name}"),
    ):
        page, _, anchor = target.partition("#")
        if page.startswith("references.html"):
            cited.add(words(text))
        elif not page.startswith("glossary.html"):
            page = page.removesuffix(".html") or name
            seen = page in PAGES and {*PAGES[page].frameworks} & {*PAGES[name].frameworks}
            (theirs if seen else lost).add((page, anchor.removeprefix("equation-"), words(text)))
    ours, ours_cited = set(), set()
    for framework in PAGES[name].frameworks:
        for target, text in links(name, framework):
            page, _, anchor = target.partition("#")
            if anchor.startswith("cite-"):
                ours_cited.add(text)
            elif not re.match(r"\w+:", target):
                ours.add((page.removesuffix(".ipynb") or name, anchor, text))
    assert ours == theirs
    assert ours_cited == cited
    # References to pages without a notebook in this framework are plain text.
    framework = "jax" if "jax" in PAGES[name].frameworks else "numpy"
    assert all(words(text) in words(prose(name, framework)) for _, _, text in lost)


def test_the_lists_of_references_are_the_books(article):
    text = article("chapters/references")
    entries = re.findall(r'(?s)<div class="citation" id="\w+">.*?<p>(.*?)</p>', text)
    theirs = set(map(words, entries))
    ours = set()
    reader = MarkdownIt("commonmark")
    for page in PAGES.values():
        for framework in page.frameworks:
            last = nbformat.read(page.notebook(framework), as_version=4).cells[-1]
            if last.id == "references":
                found = re.findall(r"(?s)<li>(.*?)</li>", reader.render(last.source))
                ours |= set(map(words, found))
    assert ours <= theirs
    assert len(ours) > 50
