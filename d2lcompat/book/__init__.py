"""The workshop: from a page's source to a notebook per framework to one page with tabs.

Empty on purpose: each room imports what it needs, and only the ``sphinx_`` ones need Sphinx.
"""
