"""Build tools for books with code in several frameworks: pages, notebooks, checks, tabs.

This file deliberately imports no module of the package. Each folder imports what it needs, so that
the check needs no Sphinx and a build needs no test tools.
"""

from importlib import metadata

__version__ = metadata.version("d2lcompat")
