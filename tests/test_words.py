"""Code, command line, pages and documents use the words of the field, not those that they replaced."""

import functools
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REPLACED = {
    # code
    r"find_ink|\bink\.py|\bInk\b": "binarize, Foreground",
    r"data/strokes|data\.strokes|add_strokes": "glyph_variants",
    r"\bnon_?digits?\b|NONDIGIT|NOT_A_DIGIT": "outliers",
    r"--views\b|\bfind_views\b|shifted views": "tta",
    r"\bbest_reading\b|split\.readings": "hypotheses",
    r"\bwithin_bars\b|\bbars\.py": "crop_letterbox",
    r"\bcertainty\b|\bcertainties\b": "top2_probability",
    r"reject_coarse_below|\breject_below\b": "low_res_reject_threshold, reject_threshold",
    r"\bSpread\b|\bspread_of\b": "SeedStats",
    r"corrupt_thrice|\bspoil[ts]?\b": "corrupt_all_severities, corrupted",
    r"\bper_picture\b": "per_example",
    r"\bmeasuring\.py|\bshipping\.py": "evaluate, export",
    r"\bfailing_together\b": "propagate_errors",
    r"\bmove_average\b": "update_ema",
    r"\bleast_edits?\b|\bmaximizing\b": "counterfactual, activation_maximization",
    r"winograd\.pays": "is_faster",
    r"\bMOST_|\b_MOST\b|\bmost:": "MAX_, max_shift",
    r"\b(Observed|KeyRequired|Busy)\b": "MetricsMiddleware, ApiKeyMiddleware, QueueFull",
    r"\bOpened\b|\bdoubtful\b|\bversus\b": "EvaluationContext, label_errors, comparison",
    r"\b(made|got|begun|goes_on) = ": "what it is: result, chart, resuming",
    r"\bcolours?\b": "color",
    # pages and messages
    r"(models?|model) in the box\b": "pretrained model",
    r"[Cc]hosen in the sidebar": "selected run",
    r"what they are read as stands here": "predictions appear on the right",
    r"too doubtful to be counted|[Ii]t counts as read": "Rejected: low confidence; Accepted",
    r"What speaks for|vermillion": "Explain class; orange",
    r"Laid out by": "Projection",
    r"Move its latent": "Edit latent vector",
    r"Never learned, wrong in the end": "Never predicted correctly",
    r"More fields": "Advanced options",
    r"Save it with its right label": "Correct and save",
    r"Started here|[Ee]nded before it was done": "Training jobs; Failed",
    r"Predict the \{?\w+\}? split now": "Evaluate on",
    r"Mark one run": "Select one run",
    r"Logarithmic: across": "log x-axis",
    r"answer of the (one|other)": "prediction A, prediction B",
    r"The numbers\b": "Data",
    r"Doubtful labels|[Ss]uspects\b": "Label issues; likely mislabelled",
    r"Non-digits told": "Out-of-distribution detection (AUROC)",
    r"tells no digits apart": "is not a classifier",
    r"pictures? (fewer|more) right|pictures more right": "classifies fewer images correctly",
    r"Answer only if at least so": "Confidence threshold",
    r"A chart draws": "Downsampled to",
}
EXCEPT = {"digitjax/migration.py", "tests/test_migration.py", "tests/test_words.py", "CHANGELOG.md"}


SUFFIXES = (".py", ".md", ".ipynb", ".html", ".js", ".css", ".toml", ".yaml")


@functools.cache
def lines() -> list[tuple[str, str]]:
    """Return every line of the sources with its place; the embedded images of notebooks are left out."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [name for name in listed.splitlines() if name.endswith(SUFFIXES) and name not in EXCEPT]
    return [
        (f"{name}:{number}", line)
        for name in names
        if (ROOT / name).exists()
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
        if not line.lstrip().startswith('"image/png"')
    ]


@pytest.mark.parametrize("pattern", REPLACED)
def test_replaced_words_are_gone(pattern: str):
    found = [f"{place}: {line.strip()[:120]}" for place, line in lines() if re.search(pattern, line)]
    assert not found, f"write {REPLACED[pattern]}:\n" + "\n".join(found)
