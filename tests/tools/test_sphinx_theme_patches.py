"""A patch of the theme that no page of a whole build needs is a warning."""

from unittest import mock

import pytest
from sphinx_book import build, write_book

from tabbook.sphinx import theme_patches
from tabbook.sphinx.theme_patches import PATCHES, Patch

TOC = "format: jb-book\nroot: index\nchapters:\n- file: next\n- file: last\n"
FILES = {"_toc.yml": TOC, "index.md": "# Start\n", "next.md": "# Next\n", "last.md": "# Last\n"}
CONFIG = "  config: {tabbook_expect_patches: true}\n"
NEEDED = Patch("needed", "a theme", "start", "https://example.org/1", "<h1>Start", "<h1>Begin")
IDLE = Patch("idle", "a theme 1.0", "gone", "https://example.org/2", "no such markup")
WARNING = "WARNING: the patch 'idle' never matched: a theme 1.0 no longer has its fault (gone)"


def two_patches():
    """Two patches take the place of the real ones."""
    return mock.patch.object(theme_patches, "PATCHES", (NEEDED, IDLE))


def test_an_idle_patch_fails_the_build_that_writes_every_page(tmp_path):
    write_book(tmp_path, FILES, CONFIG)
    told = build(tmp_path, check=False, within=two_patches)
    assert told.count("never matched") == 1
    assert f"{WARNING}, or writes it differently now." in told
    assert "Issue: https://example.org/2" in told
    assert "non-zero exit code (1)" in told
    assert "<h1>Begin" in (tmp_path / "_build/html/index.html").read_text()
    (tmp_path / "last.md").write_text("# Last\n\nAgain.\n")
    # This one does not write the page between, and cannot tell
    build(tmp_path, within=two_patches)


def test_a_book_that_expects_nothing_is_told_nothing(tmp_path):
    write_book(tmp_path, FILES)
    build(tmp_path, within=two_patches)


def test_names_are_unique():
    assert len({patch.name for patch in PATCHES}) == len(PATCHES)


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_a_patch_says_what_it_is_for(patch):
    assert patch.package
    assert patch.fault
    assert patch.issue == theme_patches.NONE_FOUND or patch.issue.startswith("https://github.com/")
