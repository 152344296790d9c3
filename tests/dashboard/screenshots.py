"""Take the pictures of the dashboard and of a report that the documentation shows, in headless Chromium.

    digitjax train digits --name cnn && digitjax evaluate cnn && digitjax report cnn
    digitjax train digits --name cnn-seeds --seeds 3
    python -m tests.dashboard.screenshots runs cnn cnn-seeds

Use scikit-learn's digits: pictures of other data sets are not ours to publish.
"""

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from digitjax.data import hands
from tests.dashboard.browser import Browser, chromium, serve, wait

IMAGES = Path(__file__).parents[2] / "docs" / "images"
HAND = hands.Hand(
    slant=0.1, width=0.62, pen=0.08, tremor=0.0, flag=0.25, flag_angle=45.0, foot=False, four="open",
    tail=0.25, top=0.7, barred_seven=True, droop=0.0, nine="straight", gap=0.0,
)  # fmt: skip
"""The hand that draws on the canvas."""
SIZE = 0.55
"""Height of a digit, as a share of the canvas's."""
REST = 4
"""Seconds after which charts and images are drawn."""


CHART = "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"


def main(folder: Path, run: str, group: str) -> None:
    """Take all pictures.

    Args:
        folder: of the runs.
        run: a classifier that was evaluated, with a report.
        group: of seeds of the same experiment.
    """
    with chromium() as browser, serve(folder) as url:
        browser.resize(1280, 900)
        for name, page in (("try", "try_it"), ("home", "")):  # the first draws while the model is loaded
            browser.open(f"{url}/{page}?run={run}")
            draw_digits(browser, "7349")
            save(browser, name)
        browser.open(f"{url}/errors?run={run}")
        wait(lambda: browser.all(CHART))
        save(browser, "errors")
        browser.open(f"{url}/features?run={run}")
        browser.click("button", "Embeddings")
        wait(lambda: browser.all(CHART))
        save(browser, "map")
        browser.open(f"{url}/curves?run={run}&compare={group}")
        wait(lambda: browser.all(CHART))
        save(browser, "curves")
        browser.resize(1080, 865)
        browser.driver.get((folder / run / "report" / "report.html").resolve().as_uri())
        heading = browser.find("h2", "Explanations")
        browser.driver.execute_script("arguments[0].scrollIntoView()", heading)
        save(browser, "report")


def draw_digits(browser: Browser, text: str) -> None:
    """Draw digits on the canvas one by one, and wait until each is read, as the page moves meanwhile."""
    canvas = browser.find("canvas[role=application]")
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    width, height = canvas.rect["width"], canvas.rect["height"]
    step = width / (len(text) + 0.3)
    for number, digit in enumerate(text):
        corner = np.array([(number + 0.35) * step - width / 2, -SIZE * height / 2])
        for stroke in find_strokes(int(digit)):
            browser.draw(canvas, np.rint(corner + SIZE * height * stroke).astype(int).tolist())
        so_far = text[: number + 1]
        wait(lambda so_far=so_far: browser.all(".prediction", so_far))


def find_strokes(digit: int) -> Iterator[np.ndarray]:
    """Yield the points of each stroke of a digit, in heights of the digit."""
    matrix = np.array([[HAND.width, -HAND.slant], [0, 1]])
    for points, curved in hands._strokes(HAND, digit):
        yield hands._smooth(points, curved) @ matrix.T


def save(browser: Browser, name: str) -> None:
    """Save what the browser shows, once it has come to rest, with few colors."""
    time.sleep(REST)
    png = browser.driver.get_screenshot_as_png()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(256).save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
