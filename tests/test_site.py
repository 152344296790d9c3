"""The documentation site: complete, accessible, and without a request to another host."""

import argparse
import dataclasses
import functools
import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("fastapi")
pytest.importorskip("selenium")

import griffe

from digitjax.cli.parser import make_parser
from digitjax.config import Config, Options
from digitjax.recognition import recognizer
from digitjax.recognition.serving.app import make_app
from tests.accessibility import find_violations
from tests.dashboard import browser as browsing
from tests.dashboard.browser import wait

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGES = ("", "reference/cli/", "reference/python/recognition/", "results/benchmarks/", "demo/")
"""What axe-core looks at: text, generated tables, signatures, wide tables, and an embedded page."""

WITH_MOUSE = """
    const ask = matchMedia.bind(window);
    window.matchMedia = (query) => (query === "(hover)" ? { matches: true } : ask(query));
"""
"""Without a mouse, which headless Chromium lacks, the theme does not let the keyboard scroll wide code."""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site; a warning, such as for a link or an anchor that leads nowhere, fails its build."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


def anchors(site: Path, page: str) -> set[str]:
    """Return the ids in a page, or in a page and those below it."""
    pages = [(site / page / "index.html"), *(site / page).glob("*/index.html")]
    return {anchor for path in pages for anchor in re.findall(r'\sid="([^"]+)"', path.read_text())}


def assert_all(expected: set[str], found: set[str]) -> None:
    assert expected
    assert not sorted(expected - found)


# ------------------------------------------------------------------------------- what must have an entry


def command_line(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the anchors of all commands below a parser, and of their arguments."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                name = command.prog.removeprefix("digitjax ").replace(" ", "-")
                yield name
                for argument in command._actions:
                    if isinstance(argument, argparse._SubParsersAction) or "-h" in argument.option_strings:
                        continue
                    for option in argument.option_strings or [f"-{argument.metavar or argument.dest}"]:
                        yield name + option
                yield from command_line(command)


def test_every_command_and_option_has_an_entry(site):
    assert_all(set(command_line(make_parser())), anchors(site, "reference/cli"))


def config_fields(options: type, prefix: str = "") -> Iterator[str]:
    """Yield the anchors of all fields of a class of options, and of those that it holds."""
    hints = get_type_hints(options)
    for field in dataclasses.fields(options):
        kinds = get_args(hints[field.name]) or (hints[field.name],)
        held = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Options)]
        if not held:
            yield f"{prefix or 'config.'}{field.name}"
        for kind in held:
            name = f"{field.name}.{kind.kind}" if len(held) > 1 else field.name
            yield from config_fields(kind, f"{name}.")


def test_every_field_of_the_config_has_an_entry(site):
    assert_all(set(config_fields(Config)), anchors(site, "reference/config"))


def test_every_http_route_has_an_entry(site):
    routes = make_app(recognizer.load()).openapi()["paths"].items()
    expected = {
        "-".join([method, *re.findall(r"\w+", path)]) for path, methods in routes for method in methods
    }
    assert_all(expected, anchors(site, "reference/http"))


def documented_modules() -> set[str]:
    """Return the modules of which the site documents every public name."""
    pages = [ROOT / "docs/reference/python.md", *(ROOT / "docs/reference/python").glob("*.md")]
    return {name for page in pages for name in re.findall(r"^::: (\S+)", page.read_text(), re.MULTILINE)}


def test_every_public_python_name_has_an_entry(site):
    package = griffe.load("digitjax", submodules=True)
    expected = set()
    for name in documented_modules():
        module = package[name.removeprefix("digitjax.")] if name != "digitjax" else package
        public = [member for member in module.members.values() if member.is_public and not member.is_module]
        expected |= {f"{name}.{member.name}" for member in public if member.has_docstring or member.is_class}
    assert_all(expected, anchors(site, "reference/python"))


def test_every_module_that_examples_import_is_documented():
    """Modules of which the README, the pages, the examples and the notebooks import names."""
    files = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.py")]
    files += ROOT.glob("experiments/notebooks/*.ipynb")
    imports = re.findall(
        r"\bfrom (digitjax[\w.]*) import (\w+(?:, \w+)*)", "\n".join(file.read_text() for file in files)
    )
    package = griffe.load("digitjax", submodules=True)
    expected = set()
    for source, names in imports:
        for name in names.split(", "):
            imported = package[f"{source}.{name}".removeprefix("digitjax.")]
            expected.add(f"{source}.{name}" if imported.is_module else source)
    assert_all(expected, documented_modules())


# -------------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def address(site) -> Iterator[str]:
    """URL of the site."""
    handler = functools.partial(SilentHandler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class SilentHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files, and logs nothing."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def driver() -> Iterator[object]:
    """A browser for all tests."""
    with browsing.chromium() as browser:
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WITH_MOUSE})
        yield browser.driver


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_violates_wcag(driver, address, theme):
    features = [{"name": "prefers-color-scheme", "value": theme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    violations = []
    for page in PAGES:
        driver.get(f"{address}/{page}")
        violations += [f"{page or 'home'}: {violation}" for violation in find_violations(driver, {})]
    assert not violations, "\n".join(violations)


def test_nothing_is_requested_from_another_host(driver, address, site):
    loaded = re.compile(
        r'<(?:script|img|iframe|source)\b[^>]*\bsrc="(?:https?:)?//|<link rel="stylesheet" href="http'
    )
    assert not [path for path in site.rglob("*.html") if loaded.search(path.read_text())]
    for page in PAGES:
        driver.get(f"{address}/{page}")
        driver.execute_script("document.querySelector('label[for=__search]').click()")
        driver.find_element("css selector", "input.md-search__input").send_keys("resume")
        wait(lambda: driver.find_elements("css selector", ".md-search-result__item"))
        requested = driver.execute_script(
            "return performance.getEntriesByType('resource').map((entry) => entry.name)"
        )
        assert requested
        assert not [url for url in requested if not url.startswith((address, "blob:", "data:"))]
