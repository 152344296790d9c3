"""The pages in a real browser: layout, keyboard, canvas and charts."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("selenium")

import httpx2
from selenium.webdriver.common.keys import Keys

from digitjax.evaluation import evaluate
from digitjax.model.training.train import train
from digitjax.runs import Run
from tests.dashboard import browser as browsing
from tests.dashboard.browser import wait
from tests.recognition.drawing import digit_picture, encode

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(able_run, tiny_vae, tmp_path_factory):
    """Two classifiers of different seeds, and an autoencoder."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copytree(able_run.path, folder / "able")
    shutil.copytree(tiny_vae.path, folder / "vae")
    evaluate.evaluate(train(replace(able_run.config, name="other", seed=1), folder))
    return folder


@pytest.fixture(scope="module")
def address(folder):
    """URL of the dashboard of these runs."""
    with browsing.serve(folder) as url:
        yield url


@pytest.fixture(scope="module")
def started():
    """One browser for all tests."""
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def browser(started):
    """The browser; its console must stay without errors."""
    started.console_errors()
    yield started
    assert started.console_errors() == []


PAGES = {
    "my_handwriting": "My handwriting",
    "runs": "Runs",
    "curves": "Curves",
    "sweeps": "Sweeps",
    "train": "Train",
    "predictions": "Predictions",
    "errors": "Errors",
    "features": "Filters and features",
    "reconstructions": "Reconstructions",
    "calibration": "Calibration & robustness",
    "try_it": "Try it",
}
SEVEN = [(-60, -80), (60, -80), (0, 80)]


def test_pages_and_api_share_a_port(folder):
    picture = encode(Image.fromarray(digit_picture(7)))
    with browsing.serve(folder, "--api") as url:
        [result] = httpx2.post(f"{url}/api/read", files=[("files", ("7.png", picture))]).json()["results"]
        assert result["text"] == "7"
        assert httpx2.get(f"{url}/api/v2/health/ready").json() == {"ready": True}
        assert httpx2.get(url).headers["content-type"].startswith("text/html")


@pytest.mark.long
def test_every_page_opens_from_the_sidebar(browser, address):
    browser.open(f"{address}/?run=able")
    for title in PAGES.values():
        browser.open_page(title)
        assert browser.find("h1").text == title


@pytest.mark.parametrize("run", ["able", pytest.param("vae", marks=pytest.mark.long)])
def test_no_page_is_wider_than_a_phone(browser, address, run):
    browser.resize(390, 844)
    try:
        for name, title in PAGES.items():
            browser.open(f"{address}/{name}?run={run}")
            assert browser.find("h1").text == title
            page = browser.find("[data-testid=stMain]")
            wide = browser.driver.execute_script(
                "return arguments[0].scrollWidth - arguments[0].clientWidth", page
            )
            assert wide <= 0, title
    finally:
        browser.resize(1280, 1000)


def test_home_reads_a_drawing_and_shows_the_selected_run(browser, address):
    browser.open(f"{address}/?run=able")
    assert browser.driver.title == "Home · digitjax"
    browser.draw(browser.find("canvas[role=application]"), SEVEN)
    wait(lambda: browser.all(".prediction", "7"))
    browser.click("button", "Correct or explain")
    wait(lambda: browser.all("h1", "Try it"))
    wait(lambda: browser.all(".prediction", "7"))


def test_a_comparison_by_keyboard_is_kept_in_the_url(browser, address):
    browser.open(f"{address}/runs?run=able")
    browser.select("Compare with", "other")
    wait(lambda: "compare=other" in browser.driver.current_url)
    wait(lambda: "Config differences" in browser.text())
    shared = browser.driver.current_url
    browser.open(shared)
    wait(lambda: "Config differences" in browser.text())
    browser.open_page("Calibration & robustness")
    assert [heading.text for heading in browser.all("h3")][:2] == ["able", "other"]


def test_back_and_forward_select_the_runs_of_their_urls(browser, address):
    def shows(run):
        box = browser.all("[data-testid=stSelectbox] input[aria-label*='Run']")[0]
        return f"run={run}" in browser.driver.current_url and box.get_attribute("value") == run

    browser.open(f"{address}/curves?run=able")
    browser.select("Run", "other")
    wait(lambda: shows("other"))
    browser.driver.back()
    wait(lambda: shows("able"))
    browser.driver.forward()
    wait(lambda: shows("other"))


def test_a_latent_slider_that_is_moved_quickly_asks_for_no_image_that_is_gone(browser, address):
    browser.open(f"{address}/reconstructions?run=vae")
    before = browser.find("[data-testid=stSlider]").text
    browser.driver.execute_script("arguments[0].focus()", browser.find("[data-testid=stSlider] input"))
    for _ in range(20):
        browser.keys(Keys.ARROW_LEFT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    wait(lambda: browser.all("[data-testid=stSlider]")[0].text != before)
    browser.settle()  # the fixture looks for errors


def test_the_page_of_a_gallery_is_kept_in_the_url(browser, address):
    browser.open(f"{address}/predictions?run=able")
    shown = browser.find(".gallery .cell").get_attribute("title")
    browser.find("input[aria-label^='Page']").send_keys(Keys.ARROW_UP)
    wait(lambda: "page=2" in browser.driver.current_url)
    browser.open(browser.driver.current_url)
    wait(lambda: browser.all(".gallery .cell"))
    assert browser.find(".gallery .cell").get_attribute("title") != shown
    assert browser.find("input[aria-label^='Page']").get_attribute("value") == "2"


def test_runs_are_ticked_and_clicked_in_the_table(browser, address):
    browser.open(f"{address}/runs?run=able")
    table = browser.find("[data-testid=stDataFrame] canvas")
    browser.click_at(table, 15, 1.5 * 35)  # the box of the first row, where the newest run is: other
    wait(lambda: "compare=other" in browser.driver.current_url)
    wait(lambda: "Config differences" in browser.text())
    browser.click_at(table, 15, 4.5 * 35)
    wait(lambda: "run=able&compare=other&more=handwriting" in browser.driver.current_url)
    browser.settle()
    browser.click_at(table, 60, 0.5 * 35)  # sorted by name: able, handwriting, other, vae
    browser.click_at(table, 60, 4.5 * 35)
    wait(lambda: "run=vae&compare=other&more=handwriting" in browser.driver.current_url)


def test_a_drawn_digit_is_recognized(browser, address):
    browser.open(address)
    browser.open_page("Try it")
    canvas = browser.find("canvas[role=application]")
    browser.draw(canvas, SEVEN)
    wait(lambda: browser.all(".prediction", "7"))
    browser.draw(canvas, [(150, -70), (150, 70)])
    wait(lambda: browser.all(".prediction", "71"))
    browser.click("button.undo")
    wait(lambda: browser.all("[role=status]", "Prediction: 7") and not browser.all(".prediction", "71"))
    browser.click("button.clear")
    wait(lambda: not browser.all(".prediction"))


def test_a_digit_is_drawn_by_keyboard_alone(browser, address):
    browser.open(address)
    browser.open_page("Try it")
    browser.driver.execute_script("arguments[0].focus()", browser.find("canvas[role=application]"))
    browser.keys(*[Keys.ARROW_UP] * 10, Keys.SPACE, *[Keys.ARROW_DOWN] * 20, Keys.SPACE)
    wait(lambda: browser.all(".prediction", "1"))
    browser.keys(Keys.ESCAPE)
    wait(lambda: not browser.all(".prediction"))


def test_a_digit_of_an_uploaded_photo_is_shown_in_detail(browser, address, tmp_path):
    (tmp_path / "page.png").write_bytes(encode(Image.fromarray(digit_picture(3, count=2))))
    browser.open(address)
    browser.open_page("Try it")
    browser.click("button", "Upload")
    browser.find("[data-testid=stFileUploader] input[type=file]").send_keys(str(tmp_path / "page.png"))
    wait(lambda: browser.all(".prediction", "33"))
    browser.driver.execute_script("arguments[0].focus()", browser.find(".gallery"))
    browser.keys(Keys.ARROW_RIGHT)
    wait(lambda: browser.all("[data-testid=stMarkdownContainer]", "From the picture to the network"))


def test_a_cell_of_the_confusion_matrix_is_clicked(browser, address, folder):
    run = Run(folder / "able")
    confusion = np.array(evaluate.read(run, *run.evaluations()[0]).summary["confusion"])
    browser.open(f"{address}/?run=able")
    browser.open_page("Errors")
    chart = browser.find("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
    position = browser.driver.execute_script(
        """
        const cells = arguments[0].querySelectorAll(".mark-rect path");
        const cell = cells[11].getBoundingClientRect(), chart = arguments[0].getBoundingClientRect();
        return [cell.x + cell.width / 2 - chart.x, cell.y + cell.height / 2 - chart.y];
        """,
        chart,
    )
    browser.click_at(chart, *position)  # true 1, predicted 1
    wait(lambda: f"{confusion[1, 1]:,}" in browser.text() and "predicted=1" in browser.driver.current_url)
