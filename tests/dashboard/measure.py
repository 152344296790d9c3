"""How fast the pages are in headless Chromium, and whether their server grows.

    python -m tests.dashboard.measure RUNS_DIR RUN

RUN is a classifier of that folder that was evaluated on its test split and kept its weights of each epoch. Seconds are
those from what a person does to what the page then shows, looked for every 5 ms.
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

from tests.dashboard.browser import Browser, chromium, serve, wait

RUNS = 50
STARTS = 5
TIMES = 15
INTERACTIONS = 500


def main(folder: Path, run: str) -> None:
    """Measure and print."""
    with chromium() as browser:
        print(f"first page with {RUNS} runs: {first_page(browser, folder / run):.2f} s")
        with serve(folder) as url:
            for name, prepare in INTERACTING.items():
                act, shown = prepare(browser, f"{url}/{{}}?run={run}")
                seconds = [one(act, shown) for _ in range(TIMES + 2)][2:]  # the first two warm up
                print(
                    f"{name}: {1e3 * statistics.median(seconds):.0f} ms (to {1e3 * max(seconds):.0f})",
                    flush=True,
                )
            before, after = growth(browser, f"{url}/{{}}?run={run}", url)
            sizes = f"{before / 1e6:.0f} to {after / 1e6:.0f} MB, {after / before - 1:+.1%}"
            print(f"memory over {INTERACTIONS} interactions: {sizes}")


def one(act: Callable[[], object], shown: Callable[[], object]) -> float:
    """Return the seconds from the end of an act to what it changes."""
    was = wait(shown)
    act()
    start = time.perf_counter()
    wait(lambda: shown() not in (None, "", was))
    return time.perf_counter() - start


def first_page(browser: Browser, run: Path) -> float:
    """Return the median seconds from opening the address of a new server to its table of many runs."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(RUNS):
            shutil.copytree(
                run, Path(folder, f"run-{i}"), ignore=shutil.ignore_patterns("weights", "checkpoints")
            )
        for _ in range(STARTS):
            with serve(Path(folder)) as url:
                start = time.perf_counter()
                browser.driver.get(url)
                wait(lambda: browser.all("[data-testid=stDataFrame] canvas"))
                seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


# ---------------------------------------------------------------------------------- interactions


def text(browser: Browser, selector: str, containing: str = "") -> Callable[[], str]:
    """Return a function that returns the text of the first such element."""

    def read() -> str:
        return "".join(element.text for element in browser.all(selector, containing)[:1])

    return read


def first_picture(browser: Browser) -> Callable[[], str]:
    """Return a function that tells what the first pictures of the gallery are."""
    return lambda: "".join(cell.get_attribute("title") for cell in browser.all(".cell")[:3])


def turn(browser: Browser, selector: str, *keys: str) -> Callable[[], None]:
    """Return a function that presses one of the keys, in turn, where the focus is put first."""
    presses = 0

    def press() -> None:
        nonlocal presses
        browser.driver.execute_script("arguments[0].focus()", browser.find(selector))
        browser.keys(keys[presses % len(keys)])
        presses += 1

    return press


def filter_pictures(browser: Browser, url: str):
    """On the page Predictions, sort by other things, which changes the pictures."""
    browser.open(url.format("predictions"))
    ways = iter(["loss", "number"] * INTERACTIONS)

    def sort() -> None:
        box = browser.all("input[aria-label*='Sort by']")[0]
        browser.driver.execute_script("arguments[0].focus()", box)
        browser.keys(next(ways), Keys.ENTER)

    return sort, first_picture(browser)


def click_cells(browser: Browser, url: str):
    """On the page Mistakes, click one cell of the confusion matrix after the other."""
    browser.open(url.format("mistakes"))
    chart = wait(lambda: browser.all("[data-testid=stVegaLiteChart] svg"))[0]
    centres = browser.driver.execute_script(
        """
        const chart = arguments[0].getBoundingClientRect();
        return [...arguments[0].querySelectorAll(".mark-rect path")].map((cell) => cell.getBoundingClientRect())
          .map((cell) => [cell.x + cell.width / 2 - chart.x, cell.y + cell.height / 2 - chart.y]);
        """,
        chart,
    )
    digits = iter(list(range(10)) * INTERACTIONS)

    def click() -> None:
        drawn = browser.find("[data-testid=stVegaLiteChart] svg")
        browser.click_at(drawn, *centres[11 * next(digits)])

    return click, first_picture(browser)


def move_steps(browser: Browser, url: str):
    """On the page Filters and features, move through the checkpoints."""
    browser.open(url.format("features"))
    slide = turn(
        browser,
        "[data-testid=stSlider] input",
        Keys.ARROW_LEFT,
        Keys.ARROW_LEFT,
        Keys.ARROW_RIGHT,
        Keys.ARROW_RIGHT,
    )
    return slide, first_picture(browser)


def move_threshold(browser: Browser, url: str):
    """On the page Trust, move the threshold."""
    browser.open(url.format("trust"))
    slide = turn(
        browser, "[data-testid=stSlider] input", Keys.PAGE_DOWN, Keys.PAGE_DOWN, Keys.PAGE_UP, Keys.PAGE_UP
    )
    return slide, text(browser, "[data-testid=stMarkdownContainer]", "are answered")


def choose_curves(browser: Browser, url: str):
    """On the page Curves, change what is across."""
    browser.open(url.format("curves"))

    axes = iter(["epoch", "step"] * INTERACTIONS)
    titles = "return document.querySelector('[data-testid=stVegaLiteChart] svg')?.textContent"

    def click() -> None:
        browser.click("[data-testid=stButtonGroup] button", next(axes))

    return click, lambda: browser.driver.execute_script(titles)


def draw_strokes(browser: Browser, url: str):
    """On the page Try it, draw a 1 after the other, and clear the page after four."""
    browser.open(url.format("try_it"))
    places = iter([-200, -70, 60, 190] * INTERACTIONS)

    def draw() -> None:
        page = browser.find("canvas[role=application]")
        x = next(places)
        if x == -200:
            browser.click("button.clear")
            wait(lambda: not browser.all("[data-testid=stMetricValue]"))
        browser.draw(page, [(x, -70), (x, 70)])

    return draw, lambda: text(browser, "[data-testid=stMetricValue]")() or "blank"


INTERACTING = {
    "Predictions, another order": filter_pictures,
    "Mistakes, a click on a cell": click_cells,
    "Filters, another checkpoint": move_steps,
    "Trust, another threshold": move_threshold,
    "Curves, another axis": choose_curves,
    "Try it, a stroke": draw_strokes,
}


# ---------------------------------------------------------------------------------------- memory


def growth(browser: Browser, url: str, address: str) -> tuple[int, int]:
    """Return the bytes of the server after a warm-up on all pages, and after many interactions more."""
    port = int(address.rsplit(":", 1)[1])
    (server,) = {
        c.pid
        for c in psutil.net_connections("tcp4")
        if c.laddr.port == port and c.status == psutil.CONN_LISTEN
    }
    memory = psutil.Process(server).memory_info
    around(browser, url, INTERACTIONS // 5)
    before = memory().rss
    around(browser, url, INTERACTIONS)
    return before, memory().rss


def around(browser: Browser, url: str, count: int) -> None:
    """Act so many times, on one page after the other."""
    for prepare in INTERACTING.values():
        act, shown = prepare(browser, url)
        for _ in range(count // len(INTERACTING)):
            one(act, shown)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
