"""The page that a test of layers is about."""

import pytest
from backends import page_of


@pytest.fixture
def page(framework, request):
    """The page that the test's file names, newly seeded."""
    page = page_of(framework, request.module.PAGE)
    page.seed(0)
    return page
