"""The pages in a real browser: what only a browser can show to work."""

import shutil
from dataclasses import replace

import pytest

from digitjax.evaluation import evaluate
from digitjax.model.train import train
from tests.dashboard import browser as browsing
from tests.dashboard.browser import wait

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
    """Where the dashboard of these runs is."""
    with browsing.serve(folder) as url:
        yield url


@pytest.fixture(scope="module")
def started():
    """One browser for all tests."""
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def browser(started):
    """The browser; afterwards its console must be empty."""
    started.complaints()
    yield started
    assert started.complaints() == []


PAGES = (
    "Runs",
    "Curves",
    "Train",
    "Predictions",
    "Mistakes",
    "Filters and features",
    "Reconstructions",
    "Trust",
    "Try it",
)


def test_every_page_opens_by_its_name_at_the_side(browser, address):
    browser.open(f"{address}/?run=able")
    for title in PAGES:
        browser.go(title)
        assert browser.find("h1").text == title


def test_two_runs_are_compared_by_keyboard_and_kept_in_the_address(browser, address):
    browser.open(f"{address}/?run=able")
    browser.choose("Compare with", "other")
    wait(lambda: "versus=other" in browser.driver.current_url)
    assert "Differences" in browser.text()
    shared = browser.driver.current_url
    browser.open(shared)
    assert "Differences" in browser.text()
    browser.go("Trust")
    assert [heading.text for heading in browser.all("h3")][:2] == ["able", "other"]
