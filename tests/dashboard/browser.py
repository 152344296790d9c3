"""A real browser on a real server: headless Chromium, driven by Selenium."""

import contextlib
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium")

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.remote.webelement import WebElement

from tests.dashboard.page_helpers import wait_for

# Streamlit requests these below the URL of each page before it finds their place.
_PROBES = ("/_stcore/health", "/_stcore/host-config")
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars"
)


@contextlib.contextmanager
def serve(folder: Path, *flags: str) -> Iterator[str]:
    """Run `digitjax dashboard` on a folder of runs, and yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "digitjax",
        "dashboard",
        "--runs",
        folder,
        "--port",
        str(port),
        "--no-browser",
    ]
    with subprocess.Popen([*command, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            wait(lambda: _answers(f"{url}/_stcore/health"))
            yield url
        finally:
            server.terminate()


@contextlib.contextmanager
def chromium() -> Iterator["Browser"]:
    """Start a browser."""
    chromium_path, driver_path = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium_path or not driver_path:
        pytest.skip("no browser: install Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium_path
    for flag in _FLAGS.split():
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_path))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


class Browser:
    """Actions on the pages; each method waits until the elements that it needs exist."""

    def __init__(self, driver: Any):
        self.driver = driver
        self.resize(1280, 1000)

    def resize(self, width: int, height: int) -> None:
        """Set the size of the viewport in pixels."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )

    def open(self, url: str) -> None:
        """Open a URL, and wait until its page is rendered."""
        self.driver.get(url)
        wait(lambda: self.all("[data-testid=stApp]"))
        self.settle()

    def settle(self) -> None:
        """Wait until the script of the page has finished."""
        wait(lambda: self.all("[data-testid=stMain] h1"))
        wait(lambda: self.all("[data-testid=stApp][data-test-script-state=notRunning]"))

    def all(self, selector: str, text: str = "") -> list[WebElement]:
        """Return the elements that match a CSS selector and contain a text, also inside components."""
        elements = self.driver.execute_script(
            """
            const found = [];
            const search = (root) => {
              found.push(...root.querySelectorAll(arguments[0]));
              for (const element of root.querySelectorAll('*')) if (element.shadowRoot) search(element.shadowRoot);
            };
            search(document);
            return found.filter((element) => element.textContent.includes(arguments[1]));
            """,
            selector,
            text,
        )
        return list(elements)

    def find(self, selector: str, text: str = "") -> WebElement:
        """Return the first element that `all` finds."""
        return wait(lambda: self.all(selector, text))[0]

    def click(self, selector: str, text: str = "") -> None:
        """Scroll the first element that `find` returns to the middle of the page, and click it."""
        element = self.find(selector, text)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def click_at(self, element: WebElement, x: float, y: float) -> None:
        """Click at a position in pixels from the upper left corner of an element."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        size = element.rect
        click = ActionChains(self.driver, duration=0).move_to_element_with_offset(
            element, x - size["width"] / 2, y - size["height"] / 2
        )
        click.click().perform()

    def open_page(self, title: str) -> None:
        """Open a page by its title in the sidebar."""
        self.click("[data-testid=stSidebarNavLink]", title)
        wait(lambda: self.all("h1", title))
        self.settle()

    def select(self, label: str, option: str) -> None:
        """Select an option of a select box by keyboard."""
        box = self.find(f"[data-testid=stSelectbox] input[aria-label*='{label}']")
        self.driver.execute_script("arguments[0].focus()", box)
        self.keys(option, "\ue007")
        self.settle()

    def keys(self, *keys: str) -> None:
        """Press keys."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def draw(self, canvas: WebElement, points: Sequence[tuple[float, float]]) -> None:
        """Draw a stroke with the mouse; points are in pixels from the center of the canvas."""
        (x, y), *rest = points
        stroke = ActionChains(self.driver, duration=10)
        stroke.move_to_element_with_offset(canvas, x, y).click_and_hold()
        for (x0, y0), (x1, y1) in zip(points, rest, strict=False):
            stroke.move_by_offset(x1 - x0, y1 - y0)
        stroke.release().perform()

    def text(self) -> str:
        """Return the text of the page."""
        return self.find("[data-testid=stMain]").text

    def console_errors(self) -> list[str]:
        """Return the errors in the browser's console since the last call."""
        entries = self.driver.get_log("browser")
        return [
            entry["message"]
            for entry in entries
            if entry["level"] == "SEVERE" and not any(probe in entry["message"] for probe in _PROBES)
        ]


def wait(condition: Callable[[], Any]) -> Any:
    """Return the value of a condition as soon as it is true; elements that are replaced meanwhile do not count."""

    def evaluate() -> Any:
        with contextlib.suppress(StaleElementReferenceException):
            return condition()

    return wait_for(evaluate)


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url):
        return True
    return False
