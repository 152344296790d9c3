"""A run as one file: all of it there, nothing fetched, and gaps named."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("vl_convert")

from digitjax import cli
from digitjax.errors import InputError
from digitjax.runs import Run
from digitjax.visualization.report import write_report
from digitjax.visualization.report.sections import Subject, sections


@pytest.fixture(scope="module")
def run(tiny_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("report") / "tiny"))


@pytest.fixture(scope="module")
def report(run: Run) -> Path:
    return write_report(run)


def own_html(report: Path) -> str:
    """The page without Vega's scripts and what they draw."""
    return report.read_text().split("<script>")[0]


def test_every_section_is_there_and_what_was_not_measured_is_named(report: Path):
    html = own_html(report)
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", html)
    assert titles[:2] == ["Result", "Training"]
    assert {"Predictions", "Mistakes", "Calibration", "Robustness", "History", "What it learned"} <= set(
        titles
    )
    gaps = re.findall(r'class="gap">(.*?)</p>', html, re.DOTALL)
    assert len(gaps) == 2
    assert any("--robustness" in gap for gap in gaps)
    assert any("--history" in gap for gap in gaps)


def test_the_numbers_of_a_chart_stand_below_their_own_headings(report: Path, run: Run):
    tables = re.findall(r"<table>.*?</table>", own_html(report), re.DOTALL)
    [validation] = [table for table in tables if '<th scope="col">validation loss</th>' in table]
    [line] = [line for line in run.metrics() if line["split"] == "validation"]
    assert re.findall(r"<td>(.*?)</td>", validation) == [
        str(line[name]) for name in ("loss", "step", "epoch")
    ]


def test_it_fetches_nothing_and_each_picture_says_what_it_shows(report: Path):
    html = own_html(report)
    sources = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert html.count("<img") == html.count('" alt="')


def test_its_charts_and_pictures_lie_beside_it(report: Path):
    names = {path.stem for path in report.parent.glob("*.png")}
    assert names >= {"accuracy", "loss", "confusion", "mistakes", "reliability", "attributions", "embedding"}
    for path in report.parent.glob("*.png"):
        with Image.open(path) as image:
            assert min(image.size) > 60
            assert len(image.convert("L").getcolors(256) or []) > 4


def test_a_damaged_artefact_leaves_the_rest(run: Run, tmp_path: Path):
    damaged = Run(shutil.copytree(run.path, tmp_path / "damaged"))
    damaged.metrics_file.write_text("{")
    made = {section.title: section for section in sections(Subject(damaged, "test", "best"))}
    assert "metrics.jsonl" in made["Training"].gap
    assert made["Predictions"].parts
    assert not made["Predictions"].gap


def test_nothing_but_a_report_is_replaced(run: Run, tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.tex is no part of a report"):
        write_report(run, tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_an_autoencoder_shows_its_reconstructions(
    tiny_vae: Run, tmp_path: Path, capsys: pytest.CaptureFixture
):
    run = Run(shutil.copytree(tiny_vae.path, tmp_path / "vae"))
    cli.main(["report", str(run.path), "--out", str(tmp_path / "out")])
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "report.html")
    assert (tmp_path / "out" / "reconstructions.png").exists()
    assert 'class="gap"' not in own_html(tmp_path / "out" / "report.html")
