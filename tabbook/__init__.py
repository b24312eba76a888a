"""Tools for books whose code stands in several frameworks: pages, notebooks, checks, tabs.

This file imports nothing on purpose: each folder imports what it needs, so that checking notebooks
needs no Sphinx, and building a book no test tools.
"""

from importlib import metadata

__version__ = metadata.version("d2lcompat")
