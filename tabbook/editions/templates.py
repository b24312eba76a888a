"""The templates of the editions."""

import json

from jinja2 import Environment, PackageLoader, StrictUndefined

TEMPLATES = Environment(
    loader=PackageLoader("tabbook.editions", "."), autoescape=True, undefined=StrictUndefined
)
# A string of CSS, inside HTML: JSON escapes quotation marks and backslashes in the same way
TEMPLATES.filters["css_text"] = lambda text: json.dumps(text, ensure_ascii=False).replace(
    "<", r"\3c "
)
