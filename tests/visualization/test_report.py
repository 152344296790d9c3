"""The report of a run: one file with all sections, which loads nothing from elsewhere."""

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
from digitjax.visualization.report.sections import ReportContext, make_sections


@pytest.fixture(scope="module")
def run(tiny_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("report") / "tiny"))


@pytest.fixture(scope="module")
def report(run: Run) -> Path:
    return write_report(run)


def own_html(report: Path) -> str:
    """Return the page without Vega's scripts and the charts."""
    return report.read_text().split("<script>")[0]


def test_every_section_is_there_or_says_why_not(report: Path):
    html = own_html(report)
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", html)
    assert titles[:2] == ["Results", "Training"]
    assert {
        "Predictions",
        "Errors",
        "Calibration",
        "Robustness",
        "Reading",
        "History",
        "Explanations",
    } <= set(titles)
    problems = re.findall(r'class="problem">(.*?)</p>', html, re.DOTALL)
    assert len(problems) == 3
    for option in ("--robustness", "--reading", "--history"):
        assert any(option in problem for problem in problems)


def test_the_data_of_a_chart_is_a_table(report: Path, run: Run):
    tables = re.findall(r"<table>.*?</table>", own_html(report), re.DOTALL)
    [losses] = [table for table in tables if '<th scope="col">loss</th>' in table]
    [line] = [line for line in run.metrics() if line["split"] == "validation"]
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in losses.split("<tr>")]
    assert [row[2:4] for row in rows if "validation" in row] == [
        [str(line["loss"]), str(float(line["step"]))]
    ]


def test_it_loads_nothing_and_every_image_has_an_alternative_text(report: Path):
    html = own_html(report)
    sources = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert html.count("<img") == html.count('" alt="')


def test_its_charts_and_figures_are_also_png_files(report: Path):
    names = {path.stem for path in report.parent.glob("*.png")}
    assert names >= {"accuracy", "loss", "confusion", "errors", "reliability", "attributions", "embedding"}
    for path in report.parent.glob("*.png"):
        with Image.open(path) as image:
            assert min(image.size) > 60
            assert len(image.convert("L").getcolors(256) or []) > 4


def test_a_damaged_file_affects_its_section_only(run: Run, tmp_path: Path):
    damaged = Run(shutil.copytree(run.path, tmp_path / "damaged"))
    damaged.metrics_file.write_text("{")
    sections = {section.title: section for section in make_sections(ReportContext(damaged, "test", "best"))}
    assert "metrics.jsonl" in sections["Training"].problem
    assert sections["Predictions"].parts
    assert not sections["Predictions"].problem


def test_only_a_report_is_replaced(run: Run, tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.tex is not part of a report"):
        write_report(run, tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_an_autoencoder_shows_its_reconstructions(
    tiny_vae: Run, tmp_path: Path, capsys: pytest.CaptureFixture
):
    run = Run(shutil.copytree(tiny_vae.path, tmp_path / "vae"))
    cli.main(["report", str(run.path), "--out", str(tmp_path / "out")])
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "report.html")
    assert (tmp_path / "out" / "reconstructions.png").exists()
    assert 'class="problem"' not in own_html(tmp_path / "out" / "report.html")
