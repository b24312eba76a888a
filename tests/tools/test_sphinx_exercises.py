"""Toy books, really built: links between exercises and solutions, and the reading time."""

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from hypothesis import given
from hypothesis import strategies as st
from sphinx_book import build, store_notebooks, stream, write_book
from toy_book import code, write

from tabbook.pages.source import read_page
from tabbook.sphinx.reading_time import STEP, WORDS_PER_MINUTE, count_words, minutes

CONFIG = """\
title: Toy & Co
author: Nobody
copyright: "2026"
execute: {execute_notebooks: auto}
sphinx:
  extra_extensions: [sphinx_exercise, tabbook.sphinx]
"""
EXERCISES = """\
# Exercises

:::{exercise} The first
:label: ex-toy-first
Show it.
:::

:::{exercise}
:label: another
:nonumber:
Show more.
:::

:::{exercise} The last
:label: ex-toy-last
Nobody has solved it.
:::
"""
SOLUTIONS = """\
# Solutions

:::{solution} ex-toy-first
:class: dropdown
So.
:::

```{solution-start} another
:label: mine
```

More.

```{solution-end}
```
"""


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The built pages by name."""
    folder = tmp_path_factory.mktemp("book")
    pages = "".join(f"- file: chapters/{name}\n" for name in ("exercises", "solutions", "toy"))
    write_book(
        folder,
        {
            "_toc.yml": f"format: jb-book\nroot: chapters/index\nchapters:\n{pages}",
            "chapters/index.md": "# Start\n\n{ref}`mine`\n",
            "chapters/exercises.md": EXERCISES,
            "chapters/solutions.md": SOLUTIONS,
        },
    )
    (folder / "_config.yml").write_text(CONFIG)
    parts = "# Toy\n", code("one two three", "pytorch"), code("one two", "jax"), "Words."
    page = read_page(write(folder / "chapters", *parts, frameworks="pytorch, jax"))
    store_notebooks(page, lambda framework, cell: stream("not counted " * 5000))
    build(folder)
    return {
        path.stem: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").article
        for path in (folder / "_build/html/chapters").glob("*.html")
    }


def test_an_exercise_links_to_its_solution_and_back(html):
    for exercise, solution in {"ex-toy-first": "sol-toy-first", "another": "sol-another"}.items():
        link = html["exercises"].find(id=exercise).find(class_="solution-link")
        assert (link.text, link["href"]) == ("Solution", f"solutions.html#{solution}")
        back = html["solutions"].find(id=solution).find(class_="admonition-title").a
        assert back["href"] == f"exercises.html#{exercise}"


def test_an_exercise_without_a_solution_has_no_link(html):
    assert html["exercises"].find(id="ex-toy-last").find("a") is None


def test_a_solution_keeps_the_label_that_its_author_gave(html):
    (link,) = html["index"].select("a.reference")
    assert link["href"] == "solutions.html#mine"
    assert html["solutions"].find(id="mine")


def test_ids_stay_unique(html):
    for name, article in html.items():
        ids = [element["id"] for element in article.find_all(id=True)]
        assert len(set(ids)) == len(ids), name


def test_only_a_page_with_code_has_a_reading_time_below_its_title(html):
    """Outputs do not count, so the toy page takes the shortest time."""
    assert html["toy"].h1.find_next_sibling().text == f"About {STEP} minutes to read"
    for name in ("index", "exercises", "solutions"):
        assert html[name].find(class_="reading-time") is None


WORDS = st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), max_size=20).map(" ".join)


def box(*children, classes=()):
    return nodes.container("", *children, classes=list(classes))


@given(WORDS, WORDS, st.sampled_from(["-", "—", "=", "…"]))
def test_words_of_prose_and_code_are_counted(prose, code, mark):
    text = nodes.paragraph("", f"{prose} {mark} ")
    listing = nodes.literal_block("", code)
    formula = nodes.math("", "a b c")
    expected = len(prose.split()) + len(code.split())
    assert count_words(box(text, listing, formula)) == expected
    assert count_words(box(box(listing, classes=["cell_output"]), text)) == len(prose.split())
    assert count_words(box(box(listing, classes=["cell", "tag_hide-input"]), text)) == len(
        prose.split()
    )


@given(st.lists(WORDS, max_size=4))
def test_of_tabs_only_the_longest_counts(panels):
    tabs = [box(nodes.paragraph("", words)) for words in panels]
    counts = [len(words.split()) for words in panels]
    assert count_words(box(*tabs, classes=["framework-tabs"])) == max(counts, default=0)
    assert count_words(box(*tabs)) == sum(counts)


@given(st.integers(1, 100_000))
def test_the_time_is_rounded_up_to_whole_steps(words):
    exact = words / WORDS_PER_MINUTE
    assert exact <= minutes(words) < exact + STEP
    assert minutes(words) % STEP == 0
    assert minutes(words + 1) >= minutes(words)
