"""README and docs/: figures stand where they were measured, commands and imports exist, links lead to files."""

import ast
import importlib
import importlib.util
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from digitjax import config, experiments
from digitjax.cli.arguments import option_names
from digitjax.cli.parser import make_parser
from digitjax.config import Config
from digitjax.errors import InputError

ROOT = Path(__file__).parents[1]
EXPERIMENTS = "experiments/README.md"
BENCHMARKS = "experiments/benchmarks/README.md"
MODEL_CARD = "digitjax/pretrained/handwriting/model_card.md"
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", ROOT / BENCHMARKS, *(ROOT / "docs").rglob("*.md"))
)


def test_the_readme_is_read_in_a_minute():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


# ----------------------------------------------------------------------------------------- figures


def find_figures(text: str) -> set[str]:
    """Return the numbers of a text that have a fraction, or three digits and more."""
    return set(re.findall(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)+|\d{1,3}(?:,\d{3})+|\d{3,}", text))


@pytest.mark.parametrize(
    ("page", "start", "end", "sources"),
    [
        ("README.md", "## Results", "## More", (EXPERIMENTS, BENCHMARKS, MODEL_CARD)),
        ("docs/results/reading.md", "# Reading", "!!! warning", (MODEL_CARD,)),
        ("docs/results/reading.md", "## Adaptation", "## Other", ("digitjax/model/training/adapt.py",)),
        (
            "docs/explanation/winograd.md",
            "## What it saves",
            "## What it costs",
            (BENCHMARKS, "digitjax/model/layers/winograd.py"),
        ),
    ],
)
def test_figures_stand_where_they_were_measured(page: str, start: str, end: str, sources: tuple[str, ...]):
    text = (ROOT / page).read_text()
    section = text[text.index(start) : text.index(end)]
    known = find_figures(" ".join((ROOT / source).read_text() for source in sources))
    assert find_figures(section), "nothing is compared"
    assert not find_figures(section) - known, f"not in {', '.join(sources)}"


def test_figures_are_found():
    text = "3 seeds: 99.42 % ± 0.03, 1.24 (1.06 to 1.72) s, 20,117 of 360 images, jax 0.10.2, 28x28"
    assert find_figures(text) == {"99.42", "0.03", "1.24", "1.06", "1.72", "20,117", "360", "0.10.2"}


# ---------------------------------------------------------------------------------------- commands


def find_commands(text: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of `digitjax` in the blocks of code and in the inline code of a page."""
    for block in re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if "digitjax" in line:
                yield from find_calls(line)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for code in re.findall(r"`([^`]+)`", prose):
        if code.count(" ") > 1:  # a bare name of a command is no call
            yield from find_calls(code)


def find_calls(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of `digitjax` in a line for a shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:  # the output of a command, with a quote that is not closed
        return
    for is_separator, group in itertools.groupby(tokens, lambda token: not token.strip("|&;")):
        words = list(group)
        while words and (words[0] == "$" or re.fullmatch(r"[A-Z_]+=.*", words[0])):
            words = words[1:]
        if words[:1] == ["srun"]:
            words = words[words.index("digitjax") :]
        if not is_separator and words[:1] in (["digitjax"], [".venv/bin/digitjax"]):
            yield words[1:]


def require_valid(arguments: list[str]) -> None:
    """Parse a command line as `digitjax` does; raises where it would refuse it."""
    args, overrides = make_parser().parse_known_args(arguments)
    if not overrides:
        return
    assert args.takes_overrides, f"unknown arguments: {overrides}"
    name = args.experiment
    start = Config() if name.endswith((".py", ".json")) else experiments.load(name)
    config.override(start, overrides, options=option_names(args.parser))


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_parsed(page: str):
    for arguments in find_commands((ROOT / page).read_text()):
        try:
            require_valid(arguments)
        except SystemExit:
            pytest.fail(f"{page}: digitjax {shlex.join(arguments)}")


def test_commands_are_found():
    text = """
`digitjax adapt` is `digitjax adapt folder --name mine`.

```sh
git clone https://example.org/digitjax && cd digitjax
KEY=1 digitjax serve --port 80   # a comment
find . | digitjax read --list - \\
    --json
```

```console
$ digitjax runs
digitjax: it is done
```
"""
    assert list(find_commands(text)) == [
        ["serve", "--port", "80"],
        ["read", "--list", "-", "--json"],
        ["runs"],
        ["adapt", "folder", "--name", "mine"],
    ]


@pytest.mark.parametrize(
    "arguments", ["read --jsn x.png", "train digits --training.epoch 1", "train nowhere --seed 1"]
)
def test_a_wrong_command_is_noticed(arguments: str):
    with pytest.raises((SystemExit, AssertionError, InputError)):
        require_valid(arguments.split())


# ---------------------------------------------------------------------------------- code and links


@pytest.mark.parametrize("page", PAGES)
def test_code_imports_what_exists(page: str):
    for block in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("digitjax"):
                module = importlib.import_module(node.module)
                for alias in node.names:
                    if not hasattr(module, alias.name):
                        importlib.import_module(f"{node.module}.{alias.name}")


@pytest.mark.parametrize("page", ["README.md", EXPERIMENTS, BENCHMARKS])
def test_links_lead_to_files(page: str):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / page).read_text()):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.slow
def test_the_pictures_of_reading_are_drawn_by_their_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spec = importlib.util.spec_from_file_location("reading", ROOT / "docs/_pictures/reading.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "IMAGES", tmp_path)
    script.main()
    shown = re.findall(r"images/([\w.-]+)", (ROOT / "docs/explanation/reading.md").read_text())
    assert {path.name for path in tmp_path.iterdir()} == {*shown}
