"""A wrong reading is corrected in a real browser: with the keyboard, and with the mouse."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("selenium")

from selenium.webdriver.common.action_chains import ActionChains

from digitjax.data.manifest import read_manifest
from tests.dashboard import browser as browsing
from tests.dashboard.browser import Browser, wait
from tests.recognition.drawing import encode, strokes

pytestmark = pytest.mark.slow


def labels(browser: Browser) -> list[str]:
    """Return the digit of each box of the editor, ? where there is none."""
    return [label.text for label in browser.all(".editor .box .label")]


def focus_box(browser: Browser, index: int) -> None:
    browser.driver.execute_script("arguments[0].focus()", browser.all(".editor .box")[index])


def drag(browser: Browser, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag on the picture, from and to shares of its width and height."""
    picture = browser.find(".editor img")
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", picture)
    width, height = picture.size["width"], picture.size["height"]
    (x0, y0), (x1, y1) = ((round((x - 0.5) * width), round((y - 0.5) * height)) for x, y in (start, end))
    chain = ActionChains(browser.driver, duration=10).move_to_element_with_offset(picture, x0, y0)
    chain.click_and_hold().move_by_offset(x1 - x0, y1 - y0).release().perform()


def test_a_wrong_reading_is_corrected_and_saved(tmp_path):
    touching = np.where(strokes("4490", gap=0), 20, 240).astype(np.uint8)
    (tmp_path / "page.png").write_bytes(encode(Image.fromarray(touching)))
    with browsing.serve(tmp_path / "runs") as url, browsing.chromium() as browser:
        browser.open(f"{url}/try_it")
        browser.click("button", "Upload")
        browser.find("[data-testid=stFileUploader] input[type=file]").send_keys(str(tmp_path / "page.png"))
        wait(lambda: browser.all(".prediction", "490"))
        browser.click("[data-testid=stExpander] summary", "Correct and save")
        wait(lambda: labels(browser) == ["4", "9", "0"])

        text = browser.find(".editor input")
        text.clear()
        text.send_keys("4490")
        assert browser.find(".editor .status").text.startswith("4 digits, but 3 boxes")
        focus_box(browser, 0)
        browser.keys("s")  # the text has as many digits as there are boxes now
        assert labels(browser) == ["4", "4", "9", "0"]
        assert browser.find(".editor .status").text == "Each digit has its box."

        browser.keys("m")
        assert labels(browser) == ["?", "9", "0"]
        browser.click(".editor button", "Undo")
        assert labels(browser) == ["4", "4", "9", "0"]
        focus_box(browser, 3)
        browser.keys("\ue017")  # Delete
        assert labels(browser) == ["4", "4", "9"]
        drag(browser, (0.64, 0.2), (0.85, 0.8))
        assert labels(browser) == ["4", "4", "9", "?"]
        browser.keys("0")
        assert text.get_attribute("value") == "4490"

        browser.click("[data-testid=stButton] button", "Save")
        wait(lambda: browser.all("[data-testid=stAlert]", "Saved 4490"))
        (row,) = read_manifest(tmp_path / "handwriting")
        assert (row.lines, len(row.boxes)) == (("4490",), 4)
        assert [box.x0 for box in row.boxes] == sorted(box.x0 for box in row.boxes)
        assert browser.console_errors() == []


def test_a_tap_on_the_canvas_leaves_a_dot(tmp_path):
    with browsing.serve(tmp_path / "runs") as url, browsing.chromium() as browser:
        browser.open(f"{url}/try_it")
        canvas = browser.find("canvas[role=application]")
        browser.draw(canvas, [(0, 0)])
        strokes_drawn = """
            const { width, height } = arguments[0];
            const { data } = arguments[0].getContext("2d").getImageData(0, 0, width, height);
            return data.filter((value, i) => i % 4 === 0 && value < 128).length;
        """
        assert browser.driver.execute_script(strokes_drawn, canvas) > 100
        browser.click("button.undo")
        assert browser.driver.execute_script(strokes_drawn, canvas) == 0
