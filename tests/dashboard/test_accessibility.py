"""Every page, in a light and a dark theme: no violation of WCAG 2.1 AA that axe-core finds; use by keyboard alone."""

import shutil

import pytest

pytest.importorskip("selenium")

from selenium.webdriver.common.keys import Keys

from tests.accessibility import find_violations
from tests.dashboard import browser as browsing
from tests.dashboard.browser import wait

pytestmark = pytest.mark.slow

PAGES = {
    "": "run=able",
    "try_it": "run=able",
    "my_handwriting": "run=able",
    "runs": "run=able&compare=other",
    "curves": "run=able&compare=other",
    "sweeps": "run=able",
    "train": "run=able",
    "predictions": "run=able&image=0",
    "errors": "run=able",
    "features": "run=able",
    "reconstructions": "run=vae",
    "calibration": "run=able&compare=other",
}
"""The path of each page, with a selection for which it has most to show."""
EXCEPTIONS = {
    # Streamlit nests the sections of the sidebar as <div> between <ul> and <li>.
    "list": "[data-testid=stSidebarNavItems]",
    "listitem": "[data-testid=stSidebarNavItems]",
    # The point that follows the mouse over the curve of `st.metric` has no name; the value is in the metric's text.
    "svg-img-alt": "[data-testid=stMetric]",
}
"""Elements of Streamlit in which violations of a rule are not ours, and cannot be mended by options or CSS."""
FOCUSED = """
    let element = document.activeElement;
    while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element;
"""
MATCHES = "return arguments[0].matches(arguments[1])"
HAS_FOCUS_RING = """
    const { outlineStyle, boxShadow } = getComputedStyle(arguments[0]);
    return outlineStyle !== "none" || boxShadow !== "none";
"""
MAX_TABS = 100
"""More than any page has stops."""


@pytest.fixture(scope="module")
def address(able_run, tiny_vae, tmp_path_factory):
    """URL of the dashboard of two classifiers and an autoencoder."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copytree(able_run.path, folder / "able")
    shutil.copytree(able_run.path, folder / "other")
    shutil.copytree(tiny_vae.path, folder / "vae")
    with browsing.serve(folder) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    """One browser for all tests."""
    with browsing.chromium() as browser:
        yield browser


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_no_page_violates_wcag(browser, address, theme):
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    violations = []
    for page, query in PAGES.items():
        browser.open(f"{address}/{page}?{query}")
        wait(lambda: browser.all("style", "stSidebarNavLink"))  # the page's own style sheet, which loads late
        for summary in browser.all("details:not([open]) > summary"):
            browser.driver.execute_script("arguments[0].click()", summary)
        browser.settle()
        found = find_violations(browser.driver, EXCEPTIONS)
        violations += [f"{page or 'home'}: {violation}" for violation in found]
    assert not violations, "\n".join(violations)


def tab_to(browser, selector, text=""):
    """Press Tab until an element has the focus, which must be visible."""
    for _ in range(MAX_TABS):
        browser.keys(Keys.TAB)
        element = browser.driver.execute_script(FOCUSED)
        if text in element.text and browser.driver.execute_script(MATCHES, element, selector):
            assert browser.driver.execute_script(HAS_FOCUS_RING, element), f"{selector}: focus is invisible"
            return
    pytest.fail(f"Tab does not reach {selector} {text}")


def test_a_drawing_is_corrected_by_keyboard_alone(browser, address):
    browser.open(f"{address}/?run=able")
    tab_to(browser, "canvas")
    browser.keys(*[Keys.ARROW_UP] * 10, Keys.SPACE, *[Keys.ARROW_DOWN] * 20, Keys.SPACE)
    wait(lambda: browser.all(".prediction", "1"))
    tab_to(browser, "button", "Correct or explain")
    browser.keys(Keys.ENTER)
    wait(lambda: browser.all("h1", "Try it"))
    browser.settle()
    tab_to(browser, "summary", "Correct and save")
    browser.keys(Keys.ENTER)
    wait(lambda: browser.all(".box"))
    tab_to(browser, ".box")
    browser.keys("7")
    wait(lambda: browser.find(".editor input").get_attribute("value") == "7")
    tab_to(browser, ".editor button", "Split")
    browser.keys(Keys.SPACE)
    wait(lambda: len(browser.all(".box")) == 2)
    tab_to(browser, "button", "Save")


def test_an_error_on_the_home_page_is_opened_by_keyboard_alone(browser, address):
    browser.open(f"{address}/?run=able")
    wait(lambda: browser.all(".cell"))
    tab_to(browser, ".gallery")
    browser.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    marked = browser.find(".cell[aria-selected=true]")
    index = marked.get_attribute("title").split()[1]
    assert marked.get_attribute("id") == "cell-1"
    assert browser.find("h1").text == "Read handwritten digits"  # the arrows alone do not leave the page
    browser.keys(Keys.ENTER)
    wait(lambda: browser.all("h1", "Predictions"))
    wait(lambda: f"image {index}, true digit" in browser.text())
