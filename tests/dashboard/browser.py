"""A real browser on a real server: headless Chromium, driven by Selenium."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
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

PATIENCE = 60  # seconds
# Streamlit asks for these below the address of each page before it asks where they are.
_PROBES = ("/_stcore/health", "/_stcore/host-config")
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars"
)


@contextlib.contextmanager
def serve(folder: Path, *flags: str) -> Iterator[str]:
    """Run `digitjax dashboard` on a folder of runs, and yield its address."""
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
    chrome, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chrome or not driver:
        pytest.skip("there is no browser here: install Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chrome
    for flag in _FLAGS.split():
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield Browser(opened)
    finally:
        opened.quit()


class Browser:
    """What a person does with the pages; each method waits until what it needs is there."""

    def __init__(self, driver: Any):
        self.driver = driver
        self.resize(1280, 1000)

    def resize(self, width: int, height: int) -> None:
        """Give the page so many pixels."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )

    def open(self, url: str) -> None:
        """Open an address, and wait until its page is drawn."""
        self.driver.get(url)
        wait(lambda: self.all("[data-testid=stApp]"))
        self.settle()

    def settle(self) -> None:
        """Wait until the page is not computed any more."""
        wait(lambda: self.all("[data-testid=stMain] h1"))
        wait(lambda: self.all("[data-testid=stApp][data-test-script-state=notRunning]"))

    def all(self, selector: str, text: str = "") -> list[WebElement]:
        """Return the elements of a CSS selector that hold a text, those inside of components too."""
        found = self.driver.execute_script(
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
        return list(found)

    def find(self, selector: str, text: str = "") -> WebElement:
        """Return the first such element."""
        return wait(lambda: self.all(selector, text))[0]

    def click(self, selector: str, text: str = "") -> None:
        """Click the first such element, from the middle of the page."""
        element = self.find(selector, text)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def click_at(self, element: WebElement, x: float, y: float) -> None:
        """Click inside of an element, so many pixels from its upper left corner."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        size = element.rect
        click = ActionChains(self.driver, duration=0).move_to_element_with_offset(
            element, x - size["width"] / 2, y - size["height"] / 2
        )
        click.click().perform()

    def go(self, title: str) -> None:
        """Open a page by its name at the side."""
        self.click("[data-testid=stSidebarNavLink]", title)
        wait(lambda: self.all("h1", title))
        self.settle()

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a box by keyboard alone."""
        box = self.find(f"[data-testid=stSelectbox] input[aria-label*='{label}']")
        self.driver.execute_script("arguments[0].focus()", box)
        self.keys(option, "\ue007")
        self.settle()

    def keys(self, *keys: str) -> None:
        """Press keys."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def draw(self, canvas: WebElement, points: Sequence[tuple[float, float]]) -> None:
        """Draw a stroke with the mouse; points are in pixels from the middle of the canvas."""
        (x, y), *rest = points
        stroke = ActionChains(self.driver, duration=10)
        stroke.move_to_element_with_offset(canvas, x, y).click_and_hold()
        for (x0, y0), (x1, y1) in zip(points, rest, strict=False):
            stroke.move_by_offset(x1 - x0, y1 - y0)
        stroke.release().perform()

    def text(self) -> str:
        """Return all that can be read on the page."""
        return self.find("[data-testid=stMain]").text

    def complaints(self) -> list[str]:
        """Return what the console holds against the page since it was last asked."""
        entries = self.driver.get_log("browser")
        return [
            entry["message"]
            for entry in entries
            if entry["level"] == "SEVERE" and not any(probe in entry["message"] for probe in _PROBES)
        ]


def wait(condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Return what a condition returns as soon as that is something."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with contextlib.suppress(StaleElementReferenceException):
            if met := condition():
                return met
        time.sleep(0.005)
    pytest.fail("the page did not come to what was waited for")


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url):
        return True
    return False
