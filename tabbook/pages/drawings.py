"""Hand-drawn pictures, embedded in the text of notebooks.

All front ends support only one form, a PNG in a data URI (CONTRIBUTING.md lists the others).
Therefore each SVG has a committed PNG beside it. The PNG contains the hash of its SVG, so that a
changed drawing is noticed on any machine.

``python -m tabbook.pages.drawings img/net.svg`` draws it again, with Playwright's Chromium
or the Chromium on the path.
"""

import base64
import hashlib
import html
import io
import mimetypes
import shutil
import sys
from pathlib import Path

from PIL import Image, PngImagePlugin

#: Pixels of the PNG per pixel of the SVG, for screens of high resolution.
SCALE = 2
_KEY = "SHA-256 of the SVG"


class DrawingError(ValueError):
    """A picture cannot be embedded in a notebook; the message says what to do."""


def image(path: Path, alt: str) -> str:
    """An HTML image with an embedded picture.

    Raises:
        DrawingError: the picture is missing, or its PNG belongs to another version of the SVG.
    """
    if not path.is_file():
        raise DrawingError(f"the picture {path} does not exist.")
    file = path
    if path.suffix == ".svg":
        file = path.with_suffix(".png")
        if not file.is_file() or _drawn_from(file) != _hash(path):
            raise DrawingError(
                f"{file} was drawn from another version of {path.name}. "
                f"Run: python -m tabbook.pages.drawings {path}"
            )
    width = round(Image.open(file).width / (SCALE if file != path else 1))
    kind = mimetypes.guess_type(file)[0] or "image/png"
    data = base64.b64encode(file.read_bytes()).decode()
    words = html.escape(" ".join(alt.split()))
    return f'<img alt="{words}" width="{width}" src="data:{kind};base64,{data}">'


def draw(paths: list[Path]) -> None:
    """Draw the PNG of each SVG on white, and store the hash of the SVG in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(device_scale_factor=SCALE, color_scheme="light")
        for path in paths:
            page.set_content(
                "<body style='margin: 0; background: white'>"
                f"<div style='display: inline-block'>{path.read_text(encoding='utf-8')}</div>"
            )
            # An SVG without a width takes the full width.
            page.evaluate("""() => {
                const svg = document.querySelector("svg"), box = svg.viewBox.baseVal;
                const size = `width: ${box.width}px; height: ${box.height}px`;
                svg.style.cssText = `display: block; ${size}`;
            }""")
            shot = page.locator("svg").screenshot()
            save(Image.open(io.BytesIO(shot)), path)
        browser.close()


def save(picture: Image.Image, svg: Path) -> None:
    """Write the PNG of an SVG into the same folder."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text(_KEY, _hash(svg))
    few = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    few.save(svg.with_suffix(".png"), optimize=True, pnginfo=notes)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _drawn_from(png: Path) -> str | None:
    return Image.open(png).info.get(_KEY)


if __name__ == "__main__":
    draw([Path(argument) for argument in sys.argv[1:]])
