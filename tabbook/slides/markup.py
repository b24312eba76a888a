"""The HTML of the contents of a slide: code, outputs, pictures."""

import base64
import html

from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tabbook.pages.merge import alt_text


def code_html(source: str) -> str:
    """Python code, highlighted."""
    marked = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")
    return f'<pre class="code"><code>{marked}</code></pre>\n'


def output_html(output: NotebookNode) -> str:
    """An output of a cell: a picture with a text alternative, or text."""
    data = output.get("data", {})
    for kind in ("image/svg+xml", "image/png"):
        if kind in data:
            image = data[kind].encode()
            image = image if kind == "image/svg+xml" else base64.b64decode(image)
            return picture_html(image, kind, alt_text(output) or "")
    text = html.escape(output.get("text", data.get("text/plain", "")).rstrip("\n"))
    return f'<pre class="output"><samp>{text}</samp></pre>\n'


def picture_html(image: bytes, kind: str, alt: str) -> str:
    """An embedded picture of a MIME type, with its text alternative."""
    address = f"data:{kind};base64,{base64.b64encode(image).decode()}"
    return f'<img src="{address}" alt="{html.escape(alt)}">\n'
