"""Sphinx extension: inline pictures and interactive figures.

An SVG of the class ``inline`` (``:class: inline`` on an image or figure) becomes part of the page's
HTML, so that it takes the page's colours, light or dark. A book can make such pictures interactive:
``tabbook_figure_files`` in its configuration names the scripts and styles for a class, and they are
loaded only on pages with a picture of this class. In notebooks and without JavaScript, they are
static pictures with alternative text. Figures that are images can be enlarged, by
``enlarge_figures.js``.
"""

from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform

INLINE = "inline"


class InlinePictures(SphinxPostTransform):
    """Embed SVG files of the class ``inline`` in the page.

    Raises:
        ExtensionError: such a picture is not an SVG, or has no alternative text.
    """

    default_priority = 200
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for image in list(self.document.findall(nodes.image)):
            if INLINE not in image["classes"]:
                continue
            svg = (Path(self.app.srcdir) / image["uri"]).read_text(encoding="utf-8")
            if not svg.startswith("<svg ") or not image.get("alt"):
                raise ExtensionError(
                    f"{self.env.docname}: a picture of the class `inline` expects a file that "
                    f"begins with `<svg ` and an `:alt:` text. Received: {image['uri']}."
                )
            described = f'<svg role="img" aria-label="{escape(image["alt"])}" '
            raw = nodes.raw("", described + svg.removeprefix("<svg "), format="html")
            raw["classes"] = image["classes"]
            image.replace_self(raw)


def load_files_of_figures(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load the scripts and styles of the inline pictures on the page, by their classes."""
    raws = doctree.findall(nodes.raw) if doctree else ()
    classes = {name for raw in raws for name in raw["classes"]}
    for name, files in app.config.tabbook_figure_files.items():
        for file in files if name in classes else ():
            if file.endswith(".css"):
                app.add_css_file(file)
            else:
                app.add_js_file(file, loading_method="defer")


def setup(app: Sphinx) -> None:
    app.add_post_transform(InlinePictures)
    app.add_js_file("enlarge_figures.js", loading_method="defer")
    # A class of inline pictures -> files in the book's `html_static_path`
    app.add_config_value("tabbook_figure_files", {}, "html", dict)
    app.connect("html-page-context", load_files_of_figures)
