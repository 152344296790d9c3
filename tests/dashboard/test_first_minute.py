"""The first minute of a new user, in a real browser: draw, read, correct, save and teach, all on the pages."""

import shutil

import pytest

pytest.importorskip("selenium")

from digitjax import runs
from tests.dashboard import browser as browsing
from tests.dashboard.browser import Browser, wait
from tests.dashboard.test_correction_browser import labels

pytestmark = pytest.mark.slow


def draw(browser: Browser, digits: str) -> None:
    """Draw 1s as plain strokes, and 7s, from left to right."""
    canvas = browser.find("canvas[role=application]")
    width = canvas.size["width"]
    for i, digit in enumerate(digits):
        x = round(width * ((i + 0.5) / len(digits) - 0.5))
        shape = [(0, -70), (0, 70)] if digit == "1" else [(-25, -70), (25, -70), (0, 70)]
        browser.draw(canvas, [(x + dx, y) for dx, y in shape])


def test_from_a_drawing_to_a_model_of_ones_own_hand(able_run, tmp_path):
    shutil.copytree(able_run.path, tmp_path / "runs/able")
    with browsing.serve(tmp_path / "runs") as url, browsing.chromium() as browser:
        browser.open(url)
        assert browser.find("h1").text == "Read handwritten digits"
        assert browser.all("[data-testid=stMetric]", "Test accuracy")
        place = browser.find("canvas[role=application]").rect
        draw(browser, "17711")
        wait(lambda: browser.all(".prediction", "17711"))
        assert browser.find("canvas[role=application]").rect == place  # it does not move under the pen

        browser.click("button", "Correct or explain")
        browser.click("[data-testid=stExpander] summary", "Correct and save")
        wait(lambda: labels(browser) == list("17711"))
        text = browser.find(".editor input")
        text.clear()
        text.send_keys("17111")  # the second 7 is how this person writes a 1
        browser.click("[data-testid=stButton] button", "Save")
        wait(lambda: browser.all("[data-testid=stAlert]", "Saved 17111"))

        browser.click("a", "Teach the model your handwriting")
        browser.click("button", "Teach 5 digits")
        wait(lambda: browser.all("[data-testid=stMetric]", "Your digits"))
        (told,) = browser.all("[data-testid=stAlert]", "ept") or browser.all("[data-testid=stAlert]", "Saved")
        kept = "Saved as my-handwriting" in told.text
        assert kept == (tmp_path / "runs/my-handwriting").exists()
        assert browser.console_errors() == []
    assert ("my-handwriting" in [run.name for run in runs.list_runs(tmp_path / "runs")]) == kept
