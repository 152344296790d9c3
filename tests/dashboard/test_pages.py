"""What holds for every page."""

import ast
import re

import pytest

from tests.dashboard.conftest import DASHBOARD


@pytest.mark.parametrize("page", sorted(DASHBOARD.glob("views/*.py")), ids=lambda page: page.stem)
def test_a_page_shows_no_docstring_of_a_constant(page):
    """Streamlit would write any string that stands alone in a page's file on the page."""
    _, *statements = ast.parse(page.read_text()).body
    assert not [
        node.lineno
        for node in statements
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]


@pytest.mark.parametrize("page", sorted(DASHBOARD.glob("views/[a-z]*.py")), ids=lambda page: page.stem)
def test_a_page_says_below_its_title_what_it_is_for(page):
    (sentence,) = re.findall(
        r'^    st\.title\(".*"\)\n    st\.caption\(\s*"(.*)"\s*\)$', page.read_text(), re.M
    )
    assert sentence.endswith(".")
    assert 40 <= len(sentence) <= 110
