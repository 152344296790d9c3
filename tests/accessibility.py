"""axe-core in a browser: what violates WCAG 2.1 AA on the page that is shown."""

from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("axe_core_python")

from axe_core_python.base import AXE_SCRIPT

_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    # Of criterion 4.1.1, which the W3C withdrew: two tables of Streamlit have cells of the same ids.
    "rules": {"duplicate-id": {"enabled": False}, "duplicate-id-active": {"enabled": False}},
}
_RUN_AXE = """
    const [options, exceptions, done] = arguments;
    const isOurs = ({ id }, { target }) => !document.querySelector(target[0])?.closest(exceptions[id] ?? "no-element");
    const describe = ({ id }, { html, any, all, none }) =>
      `${id}: ${[...any, ...all, ...none][0].message} ${html.slice(0, 200)}`;
    const collect = ({ violations }) => violations.flatMap((rule) =>
      rule.nodes.filter((node) => isOurs(rule, node)).map((node) => describe(rule, node)));
    axe.run(document, options).then(collect).then(done, (error) => done([String(error)]));
"""


def find_violations(driver: Any, exceptions: Mapping[str, str]) -> list[str]:
    """Return a line for each violation.

    Args:
        driver: browser that shows the page.
        exceptions: by the id of a rule, a CSS selector of elements in which it is not checked.
    """
    driver.execute_script(AXE_SCRIPT)
    return list(driver.execute_async_script(_RUN_AXE, _OPTIONS, dict(exceptions)))
