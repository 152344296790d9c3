"""Report of a run as one HTML file that opens offline, and its charts as PNGs. Needs the extra `app`."""

import importlib.util
import io
from pathlib import Path

from digitjax import runs
from digitjax.errors import InputError
from digitjax.runs import Run
from digitjax.runs.folders import atomic_folder
from digitjax.visualization.report.parts import Chart, Figure, Section

__all__ = ["write_report"]

_NEEDED = ("altair", "jinja2", "vl_convert")


def write_report(run: Run, folder: Path | None = None, split: str = "test", step: int | str = "best") -> Path:
    """Write `report.html` and the PNGs of its charts and figures into a folder, replacing an earlier report.

    A section that is not available says why.

    Args:
        run: a trained run.
        folder: where to write (default: `report` in the run).
        split: the evaluated split to show.
        step: of the weights, `latest`, or `best` on the validation split.

    Returns:
        The path of `report.html`.

    Raises:
        InputError: a package is missing, the run's config is damaged, or the folder holds other files.
    """
    missing = [name.replace("_", "-") for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f"report needs {', '.join(missing)}: pip install 'digitjax[app]'")
    from digitjax.visualization.report import page
    from digitjax.visualization.report.sections import ReportContext, make_sections

    folder = folder or run.path / "report"
    _require_replaceable(folder)
    sections = make_sections(ReportContext(run, split, step))
    with atomic_folder(folder) as partial:
        _write_images(sections, partial)
        runs.write_text(partial / "report.html", page.render(run.name, sections))
    return folder / "report.html"


def _require_replaceable(folder: Path) -> None:
    """Refuse to replace anything but an earlier report."""
    if not folder.exists():
        return
    others = (
        [path for path in folder.iterdir() if path.suffix not in (".html", ".png")]
        if folder.is_dir()
        else [folder]
    )
    if others:
        raise InputError(f"{others[0]} is not part of a report: choose another folder with --out")


def _write_images(sections: list[Section], folder: Path) -> None:
    for section in sections:
        for part in section.parts:
            if isinstance(part, Chart | Figure):
                png = io.BytesIO()
                part.save_png(png)
                runs.write_bytes(folder / f"{part.name}.png", png.getvalue())
