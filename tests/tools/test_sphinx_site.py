"""A toy site, really built: with an address and without, with its history and without."""

import json
import os
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
from sphinx_book import build, write_book

ADDRESS = "https://example.org/dropout"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" viewBox="0 0 72 36"></svg>'
)
FILES = {
    "_toc.yml": "format: jb-book\nroot: chapters/index\nchapters:\n- file: chapters/next\n",
    "mark.svg": SVG,
    "chapters/index.md": "# Begin\n\nWords that say what this is.\n\n![A picture](../mark.svg)\n",
    "chapters/next.md": "# Next\n\nMore words.\n\n(part)=\n## Part\n\nIt was on the first page.\n",
}
CONFIG = "  config: {tabbook_moved: {chapters/next: chapters/index}}\nhtml: {favicon: mark.svg}\n"
HTML = "_build/html"
DATE = "2020-02-29T12:00:00Z"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site with an address, built from a repository."""
    if shutil.which("git") is None:
        pytest.skip("git is not on the path")
    folder = tmp_path_factory.mktemp("site")
    write_book(folder, FILES, CONFIG)
    (folder / ".gitignore").write_text("_build/\n")
    who = {
        f"GIT_{role}_{what}": "a@b.c"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    dates = {"GIT_AUTHOR_DATE": DATE, "GIT_COMMITTER_DATE": DATE}
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run(
            ["git", *command], cwd=folder, check=True, env={**os.environ, **who, **dates}
        )
    build(folder, BOOK_ADDRESS=ADDRESS)
    return folder / HTML


@pytest.fixture(scope="module")
def unpublished(tmp_path_factory):
    """The site without an address and without a history."""
    folder = tmp_path_factory.mktemp("unpublished")
    write_book(folder, FILES, CONFIG)
    build(folder)
    return folder / HTML


def meta(page):
    """What a page says of itself: name -> content."""
    text = page.read_text(encoding="utf-8")
    return dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', text))


def test_the_sitemap_lists_the_pages_by_their_address_with_their_dates(site):
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    entries = ElementTree.parse(site / "sitemap.xml").getroot()
    assert {
        entry.findtext(f"{space}loc"): entry.findtext(f"{space}lastmod") for entry in entries
    } == {f"{ADDRESS}/chapters/{name}.html": DATE for name in ("index", "next")}


def test_a_page_says_what_it_is_and_shows_a_card_of_its_own(site):
    said = meta(site / "chapters" / "index.html")
    assert said["description"] == said["og:description"]
    assert said["description"].startswith("Words that say what this is.")
    assert said["og:url"] == f"{ADDRESS}/chapters/index.html"
    assert said["og:site_name"] == "Toy & Co"
    assert said["og:image"].startswith(f"{ADDRESS}/_images/")
    card = site / said["og:image"].removeprefix(f"{ADDRESS}/")
    assert card.read_bytes().startswith(b"\x89PNG")
    assert card.stat().st_size < 200_000
    assert said["og:image"] != meta(site / "chapters" / "next.html")["og:image"]


def test_a_page_has_a_language_an_icon_and_one_address(site):
    text = (site / "chapters" / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en"' in text
    assert f'<link rel="canonical" href="{ADDRESS}/chapters/index.html"' in text
    (icon,) = re.findall(r'<link rel="icon" href="([^"]+)"', text)
    assert (site / "chapters" / icon).resolve().is_file()


def test_the_page_for_what_is_not_there_links_from_the_root(site):
    links = re.findall(r'(?:href|src|action)="([^"]+)"', (site / "404.html").read_text())
    inside = [link for link in links if not link.startswith(("#", ADDRESS))]
    assert len(inside) > 10
    assert all(link.startswith("/dropout/") for link in inside), inside


def test_a_page_is_dated_by_its_last_commit(site):
    assert "Last updated on 29 February 2020" in (site / "chapters" / "next.html").read_text()


def test_the_same_commit_gives_the_same_site_elsewhere(site, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", site.parents[1], clone], check=True)
    build(clone, BOOK_ADDRESS=ADDRESS)
    again = clone / HTML
    names = sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [n for n in names if (site / n).read_bytes() != (again / n).read_bytes()] == []


def test_without_an_address_none_is_made_up(unpublished):
    assert not (unpublished / "sitemap.xml").exists()
    assert not (unpublished / "_images" / "social_previews").exists()
    text = (unpublished / "chapters" / "index.html").read_text(encoding="utf-8")
    assert "canonical" not in text
    assert "og:image" not in meta(unpublished / "chapters" / "index.html")
    assert "://" not in meta(unpublished / "chapters" / "index.html")["og:url"]


def test_without_a_history_there_is_no_date(unpublished):
    assert "Last updated" not in (unpublished / "chapters" / "next.html").read_text()


def test_an_address_that_is_none_is_refused(tmp_path):
    write_book(tmp_path, FILES, CONFIG)
    told = build(tmp_path, check=False, BOOK_ADDRESS="example.org")
    assert "to begin with https://, found 'example.org/'" in told


def test_the_start_page_is_a_page_itself(unpublished):
    text = (unpublished / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in text
    assert "<title>Toy &amp; Co</title>" in text
    assert text.count('href="chapters/index.html"') == 1
    (icon,) = re.findall(r'<link rel="icon" href="([^"]+)"', text)
    assert (unpublished / icon).is_file()


def test_the_address_of_a_moved_section_leads_to_its_new_page(unpublished):
    text = (unpublished / "chapters" / "index.html").read_text(encoding="utf-8")
    (pages,) = re.findall(r"const page = (\{.*?\})\[", text)
    assert json.loads(pages)["part"] == "next.html"
    assert "const page" not in (unpublished / "chapters" / "next.html").read_text()


def test_a_moved_section_names_pages_of_the_book(tmp_path):
    write_book(tmp_path, FILES, CONFIG.replace("chapters/next:", "chapters/nxet:"))
    told = build(tmp_path, check=False)
    assert "tabbook_moved in _config.yml expected pages of _toc.yml, found 'chapters/nxet'" in told


def test_a_picture_has_its_size_before_it_comes(unpublished):
    text = (unpublished / "chapters" / "index.html").read_text(encoding="utf-8")
    (picture,) = re.findall(r"<img [^>]*mark[^>]*>", text)
    assert 'width="96" height="48"' in picture


def test_a_page_leaves_out_what_it_does_not_need(unpublished):
    text = (unpublished / "chapters" / "index.html").read_text(encoding="utf-8")
    for name in ("fontawesome.js", "searchindex.js", "searchtools.js"):
        assert name not in text
    assert not list(unpublished.glob("searchindex.js"))
