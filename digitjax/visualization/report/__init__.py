"""A run as one HTML file that opens without a network, and its charts as PNGs. Needs the extra `app`."""

import importlib.util
import io
from pathlib import Path

from digitjax import runs
from digitjax.errors import InputError
from digitjax.runs import Run
from digitjax.runs.evaluation_files import replaced_whole
from digitjax.visualization.report.parts import Chart, Picture, Section

__all__ = ["write_report"]

_NEEDED = ("altair", "jinja2", "vl_convert")


def write_report(run: Run, folder: Path | None = None, split: str = "test", step: int | str = "best") -> Path:
    """Write `report.html` and the PNGs of its charts and pictures into a folder, in place of those before.

    What cannot be shown is named in its place, with the reason; everything else is there.

    Args:
        run: a trained run.
        folder: where to write (default: `report` in the run).
        split: whose evaluation is shown.
        step: the step of the weights, `latest`, or `best` on the validation split.

    Returns:
        The path of `report.html`.

    Raises:
        InputError: a package is missing, the run's config is damaged, or the folder holds other files.
    """
    missing = [name.replace("_", "-") for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f"report needs {', '.join(missing)}: pip install 'digitjax[app]'")
    from digitjax.visualization.report import page
    from digitjax.visualization.report.sections import Subject, sections

    folder = folder or run.path / "report"
    _require_replaceable(folder)
    made = sections(Subject(run, split, step))
    with replaced_whole(folder) as partial:
        _write_pictures(made, partial)
        runs.write_text(partial / "report.html", page.render(run.name, made))
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
        raise InputError(f"{others[0]} is no part of a report: name another folder with --out")


def _write_pictures(made: list[Section], folder: Path) -> None:
    for section in made:
        for part in section.parts:
            if isinstance(part, Chart | Picture):
                png = io.BytesIO()
                part.save_png(png)
                runs.write_bytes(folder / f"{part.name}.png", png.getvalue())
