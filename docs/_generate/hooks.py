"""Hooks of MkDocs: adds the pages that are generated from the code, and resolves links to files outside of `docs/`."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import cli_reference
import config_reference
import http_reference
import repository_links
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
GENERATED: Mapping[str, Callable[[], str]] = {
    "reference/cli.md": cli_reference.generate,
    "reference/config.md": config_reference.generate,
    "reference/http.md": http_reference.generate,
}
DEMO = "demo-app/index.html"
NO_DEMO = """<!doctype html>
<html lang="en">
<meta name="color-scheme" content="light dark">
<title>Demo</title>
<p>This copy of the site was built without the demo. To add it, run
<code>digitjax export handwriting --to web --out docs/demo-app</code>, and build the site again.</p>
</html>
"""

log = logging.getLogger("mkdocs.hooks.digitjax")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add generated pages, the icon of the dashboard, and a note in place of the demo where it was not exported.

    Args:
        files: the files of the site.
        config: the configuration of the site.

    Returns:
        The files of the site.
    """
    for uri, generate in GENERATED.items():
        files.append(File.generated(config, uri, content=generate()))
    icon = ROOT / "dashboard" / "assets" / "icon.svg"
    files.append(File.generated(config, "assets/icon.svg", abs_src_path=str(icon)))
    if files.get_file_from_path(DEMO) is None:
        files.append(File.generated(config, DEMO, content=NO_DEMO))
    return files


@event_priority(-100)  # after the plugin that includes files
def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Resolve the links of a page that lead out of `docs/`.

    Args:
        markdown: text of the page.
        page: the page.
        config: the configuration of the site.
        files: the files of the site.

    Returns:
        The text with links to other pages, or to files of the repository.
    """
    resolved, missing = repository_links.resolve(markdown, page.file.src_uri, str(config.repo_url), ROOT)
    for path in missing:
        log.warning("%s links to %s, which is not in the repository", page.file.src_uri, path)
    return resolved
