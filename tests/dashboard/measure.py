"""Response times of the pages in headless Chromium, and the memory of their server.

    python -m tests.dashboard.measure RUNS_DIR RUN

RUN is a classifier of that folder that was evaluated on its test split and kept its weights of each epoch, of three at
least; the folder has another run. Times are those from an action to the change of the page, polled every 5 ms.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from selenium.webdriver.common.keys import Keys

from dashboard.parts.formatting import MISSING
from tests.dashboard.browser import Browser, chromium, serve, wait

RUNS = 50
"""In the folder of a new server."""
STARTS = 5
"""New servers of which each page is timed."""
REPEATS = 15
"""Timed repeats of each interaction."""
WARM_UPS = 2
"""Untimed repeats of each interaction."""
INTERACTIONS = 500
"""After which the memory is measured."""


def main(folder: Path, run: str) -> None:
    """Print the times and the memory.

    Args:
        folder: of runs.
        run: name of the measured run.
    """
    with chromium() as browser:
        time_first_page(browser, folder / run)
        with serve(folder) as url:
            for name, prepare in INTERACTION_KINDS.items():
                act, shown = prepare(browser, f"{url}/{{}}?run={run}")
                seconds = [time_action(act, shown) for _ in range(WARM_UPS + REPEATS)][WARM_UPS:]
                print(
                    f"{name}: {1e3 * statistics.median(seconds):.0f} ms (to {1e3 * max(seconds):.0f})",
                    flush=True,
                )
            before, after = measure_memory(browser, f"{url}/{{}}?run={run}", url)
            sizes = f"{before / 1e6:.0f} to {after / 1e6:.0f} MB, {after / before - 1:+.1%}"
            print(f"memory over {INTERACTIONS} interactions: {sizes}")


def time_action(act: Callable[[], object], shown: Callable[[], object]) -> float:
    """Return the seconds from the end of an action to the change of the page.

    Args:
        act: performs the action.
        shown: returns the text that the action changes.
    """
    before = wait(shown)
    act()
    start = time.perf_counter()
    wait(lambda: shown() not in (None, "", before))
    return time.perf_counter() - start


def time_first_page(browser: Browser, run: Path) -> None:
    """Print the median seconds of a new server with many runs: to its Home, its first stroke, and its table of runs."""
    seconds: dict[str, list[float]] = {"Home": [], "Home, the first stroke": [], "Runs": []}

    def time_shown(name: str, selector: str, containing: str = "") -> None:
        start = time.perf_counter()
        wait(lambda: browser.all(selector, containing))
        seconds[name].append(time.perf_counter() - start)

    with tempfile.TemporaryDirectory() as folder:
        for i in range(RUNS):
            shutil.copytree(
                run, Path(folder, f"run-{i}"), ignore=shutil.ignore_patterns("weights", "checkpoints")
            )
        for _ in range(STARTS):
            with serve(Path(folder)) as url:
                browser.driver.get(f"{url}/?run=handwriting")
                time_shown("Home", "canvas[role=application]")
                browser.draw(browser.find("canvas[role=application]"), [(0, -70), (0, 70)])
                time_shown("Home, the first stroke", ".prediction", "1")
            with serve(Path(folder)) as url:
                browser.driver.get(f"{url}/runs")
                time_shown("Runs", "[data-testid=stDataFrame] canvas")
    for name, values in seconds.items():
        print(f"{name}, of a new server with {RUNS} runs: {statistics.median(values):.2f} s", flush=True)


# ---------------------------------------------------------------------------------- interactions


def text(browser: Browser, selector: str, containing: str = "") -> Callable[[], str]:
    """Return a function that returns the text of the first such element."""

    def read() -> str:
        return "".join(element.text for element in browser.all(selector, containing)[:1])

    return read


def first_images(browser: Browser) -> Callable[[], str]:
    """Return a function that returns the descriptions of the first images of the gallery."""
    return lambda: "".join(cell.get_attribute("title") for cell in browser.all(".cell")[:3])


def gallery_pixels(browser: Browser) -> Callable[[], str]:
    """Return a function that returns the style of the gallery, which holds its images as a data URL."""
    return lambda: "".join(style.get_property("textContent") for style in browser.all(".gallery style"))


def press_in_turn(browser: Browser, selector: str, *keys: str) -> Callable[[], None]:
    """Return a function that focuses an element and presses the next of the keys."""
    presses = 0

    def press() -> None:
        nonlocal presses
        browser.driver.execute_script("arguments[0].focus()", browser.find(selector))
        browser.keys(keys[presses % len(keys)])
        presses += 1

    return press


def sort_images(browser: Browser, url: str):
    """Alternate between two sort orders on the page Predictions."""
    browser.open(url.format("predictions"))
    orders = iter(["loss", "index"] * INTERACTIONS)

    def sort() -> None:
        box = browser.all("input[aria-label*='Sort by']")[0]
        browser.driver.execute_script("arguments[0].focus()", box)
        browser.keys(next(orders), Keys.ENTER)

    return sort, first_images(browser)


def click_cells(browser: Browser, url: str):
    """Click one cell of the confusion matrix after the other on the page Errors."""
    browser.open(url.format("errors"))
    chart = wait(lambda: browser.all("[data-testid=stVegaLiteChart] svg"))[0]
    centers = browser.driver.execute_script(
        """
        const chart = arguments[0].getBoundingClientRect();
        return [...arguments[0].querySelectorAll(".mark-rect path")].map((cell) => cell.getBoundingClientRect())
          .map((cell) => [cell.x + cell.width / 2 - chart.x, cell.y + cell.height / 2 - chart.y]);
        """,
        chart,
    )
    digits = iter(list(range(10)) * INTERACTIONS)

    def click() -> None:
        chart = browser.find("[data-testid=stVegaLiteChart] svg")
        browser.click_at(chart, *centers[11 * next(digits)])

    return click, first_images(browser)


def move_steps(browser: Browser, url: str):
    """Move through the checkpoints on the page Filters and features."""
    browser.open(url.format("features"))
    slide = press_in_turn(
        browser,
        "[data-testid=stSlider] input",
        Keys.ARROW_LEFT,
        Keys.ARROW_LEFT,
        Keys.ARROW_RIGHT,
        Keys.ARROW_RIGHT,
    )
    return slide, gallery_pixels(browser)


def move_threshold(browser: Browser, url: str):
    """Move the confidence threshold on the page Calibration & robustness."""
    browser.open(url.format("calibration"))
    slide = press_in_turn(
        browser, "[data-testid=stSlider] input", Keys.PAGE_DOWN, Keys.PAGE_DOWN, Keys.PAGE_UP, Keys.PAGE_UP
    )
    return slide, text(browser, "[data-testid=stMarkdownContainer]", "error rate")


def choose_curves(browser: Browser, url: str):
    """Alternate between two x-axes on the page Curves."""
    browser.open(url.format("curves"))

    axes = iter(["epoch", "step"] * INTERACTIONS)
    titles = "return document.querySelector('[data-testid=stVegaLiteChart] svg')?.textContent"

    def click() -> None:
        browser.click("[data-testid=stButtonGroup] button", next(axes))

    return click, lambda: browser.driver.execute_script(titles)


def tick_runs(browser: Browser, url: str):
    """Tick and untick the third run of the page Runs, whose table is drawn on a canvas."""
    browser.open(url.format("runs"))
    table = wait(lambda: browser.all("[data-testid=stDataFrame] canvas"))[0]

    def tick() -> None:
        browser.click_at(table, 15, 35 * 3.5)  # the third row

    return tick, lambda: browser.driver.current_url


def draw_strokes_at_home(browser: Browser, url: str):
    """Draw one 1 after the other on the page Home, and clear the canvas after four."""
    return draw_strokes(browser, url, "")


def draw_strokes(browser: Browser, url: str, page: str = "try_it"):
    """Draw one 1 after the other on the page Try it, and clear the canvas after four."""
    browser.open(url.format(page))
    places = iter([-200, -70, 60, 190] * INTERACTIONS)

    def prediction() -> str:
        return text(browser, ".prediction")() or MISSING  # before the first stroke "Try it" shows none

    def draw() -> None:
        canvas = browser.find("canvas[role=application]")
        x = next(places)
        if x == -200:
            browser.click("button.clear")
            wait(lambda: prediction() == MISSING)
        browser.draw(canvas, [(x, -70), (x, 70)])

    return draw, prediction


INTERACTION_KINDS = {
    "Home, a stroke": draw_strokes_at_home,
    "Runs, a tick": tick_runs,
    "Predictions, another sort order": sort_images,
    "Errors, a click on a cell": click_cells,
    "Filters, another checkpoint": move_steps,
    "Calibration, another threshold": move_threshold,
    "Curves, another axis": choose_curves,
    "Try it, a stroke": draw_strokes,
}


# ---------------------------------------------------------------------------------------- memory


def measure_memory(browser: Browser, url: str, address: str) -> tuple[int, int]:
    """Return the resident bytes of the server after a warm-up on all pages, and after `INTERACTIONS` more."""
    port = int(address.rsplit(":", 1)[1])
    (server,) = {
        c.pid
        for c in psutil.net_connections("tcp4")
        if c.laddr.port == port and c.status == psutil.CONN_LISTEN
    }
    memory = psutil.Process(server).memory_info
    interact(browser, url, INTERACTIONS // 5)
    before = memory().rss
    interact(browser, url, INTERACTIONS)
    return before, memory().rss


def interact(browser: Browser, url: str, count: int) -> None:
    """Perform a number of interactions, on one page after the other."""
    for prepare in INTERACTION_KINDS.values():
        act, shown = prepare(browser, url)
        for _ in range(count // len(INTERACTION_KINDS)):
            time_action(act, shown)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
