"""Links of included files: to a page of the site if their target is one, otherwise to the repository."""

import posixpath
import re
from pathlib import Path

_BENCHMARKS = "experiments/benchmarks/README.md"
_NEGATIVE = "results/negative-results.md"
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "digitjax/pretrained/handwriting/model_card.md": "results/model-card.md",
    "experiments/README.md": "results/experiments.md",
    _BENCHMARKS: "results/benchmarks.md",
    f"{_BENCHMARKS}#what-did-not-help": _NEGATIVE,
    f"{_BENCHMARKS}#layers": f"{_NEGATIVE}#layers",
    f"{_BENCHMARKS}#settings": f"{_NEGATIVE}#settings",
    f"{_BENCHMARKS}#speedrun": f"{_NEGATIVE}#speedrun",
    f"{_BENCHMARKS}#highest-accuracy": f"{_NEGATIVE}#highest-accuracy",
}
"""The page that includes a file of the repository, or one of its sections."""
_FILES = {page: file for file, page in PAGES.items()}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|/)([^)\s#]*)(#[^)\s]+)?(?=[)\s])")


def resolve(markdown: str, page: str, repository: str, root: Path) -> tuple[str, list[str]]:
    """Resolve the relative links of a page that lead out of `docs/`.

    Args:
        markdown: text of the page.
        page: its path in `docs/`.
        repository: URL of the repository.
        root: folder of the repository.

    Returns:
        The text, and the paths of linked files that do not exist.
    """
    folder = posixpath.dirname(page)
    missing = []

    def replace(match: re.Match[str]) -> str:
        target, anchor = match[1], match[2] or ""
        path = posixpath.normpath(posixpath.join("docs", folder, target)) if target else _FILES.get(page, "")
        if not path or path.startswith("docs/"):
            return match[0]
        if found := PAGES.get(path + anchor) or (path in PAGES and PAGES[path] + anchor):
            return posixpath.relpath(found, folder or ".")
        if not (root / path).exists():
            missing.append(path)
        return f"{repository}/{'tree' if (root / path).is_dir() else 'blob'}/main/{path}{anchor}"

    return _LINK.sub(replace, markdown), missing
