"""Manifests: optional columns are inferred, and errors name the line."""

from pathlib import Path

import pytest

from digitjax.data.manifest import ManifestRow, format_boxes, read_manifest
from digitjax.errors import InputError
from digitjax.imaging.box import Box


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "a.png").touch()
    (folder / "manifest.csv").write_bytes(text.encode(encoding))
    return folder


def test_file_and_label_are_enough(tmp_path: Path):
    rows = read_manifest(write(tmp_path, "file,label\na.png,7\na.png,07\na.png,1|23\n"))
    assert [(row.layout, row.lines) for row in rows] == [
        ("single", ("7",)),
        ("string", ("07",)),
        ("lines", ("1", "23")),
    ]
    assert rows[0].groups == {}


def test_layout_and_groups_are_read(tmp_path: Path):
    text = "label, file, layout, writer, kind, size\n7, a.png, string, ann, , 3\n"
    assert read_manifest(write(tmp_path, text)) == [
        ManifestRow("a.png", ("7",), "string", "", {"writer": "ann"})
    ]


def test_boxes_are_read_as_they_are_written(tmp_path: Path):
    boxes = (Box(0, 0, 20, 28), Box(24, 0, 44, 28), Box(0, 30, 9, 60))
    text = f"file,label,boxes\na.png,12|3,{format_boxes(boxes)}\na.png,7, 1 2  3 4\na.png,7,\n"
    rows = read_manifest(write(tmp_path, text))
    assert [row.boxes for row in rows] == [boxes, (Box(1, 2, 3, 4),), ()]


def test_a_manifest_from_a_spreadsheet_is_read(tmp_path: Path):
    [row] = read_manifest(write(tmp_path, 'file,label\r\n"a.png","7"\r\n', "utf-8-sig"))
    assert (row.file, row.lines) == ("a.png", ("7",))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it has no column 'file': its first line must name file and label, with commas"),
        ("file;label\na.png;7\n", "it has no column 'file'"),
        ("file,digit\na.png,7\n", "it has no column 'label'"),
        ("file,label\n", "it names no pictures: add a line"),
        ("file,label\na.png,7\nb.png,7\n", r"line 3: there is no file 'b\.png' in .*: correct its name"),
        ("file,label\n,7\n", "line 2: there is no file ''"),
        ("file,label\na.png\n", r"line 2: the label of a\.png is ''"),
        ("file,label\na.png,7a\n", r"line 2: the label of a\.png is '7a': it must be digits"),
        ("file,label\na.png,7|\n", r"label of a\.png is '7\|'"),
        ("file,label\na.png,\u0667\n", "it must be digits"),
        ("file,label,layout\na.png,7,page\n", "the layout of a.png is 'page' and its label '7'"),
        ("file,label,layout\na.png,77,single\n", "the layout of a.png is 'single' and its label '77'"),
        (
            "file,label,boxes\na.png,77,0 0 9 9\n",
            "line 2: the boxes of a.png must be 'x0 y0 x1 y1' for each digit",
        ),
        ("file,label,boxes\na.png,7,0 0 9\n", "boxes of a.png must be"),
        ("file,label,boxes\na.png,7,9 0 0 9\n", "boxes of a.png must be"),
        ("file,label,boxes\na.png,7,0 0 0 9\n", "boxes of a.png must be"),
        ("file,label,boxes\na.png,7,0 0 9 999999\n", "boxes of a.png must be"),
        ('file,label\n"a.png' + "x" * 200_000, "it cannot be read .*: save it as CSV in UTF-8"),
    ],
)
def test_an_invalid_manifest_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str):
    with pytest.raises(InputError, match=reason):
        read_manifest(write(tmp_path, text))


def test_another_encoding_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"it cannot be read .*: save it as CSV in UTF-8"):
        read_manifest(write(tmp_path, "file,label,writer\na.png,7,André\n", "latin-1"))


def test_a_missing_folder_or_manifest_is_refused(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=r"manifest\.csv: No such file or directory: name a folder"):
            read_manifest(folder)
