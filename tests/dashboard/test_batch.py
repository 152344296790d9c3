"""Many uploaded pictures: the table of their texts, and what is downloaded."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest

from digitjax import cli
from tests.dashboard.conftest import png, texts
from tests.dashboard.page_helpers import predictions
from tests.recognition.drawing import digit_picture

BLANK = png(np.full((80, 120), 240, np.uint8))
NOISE = png(np.random.default_rng(4).integers(0, 255, (60, 60), np.uint8))
FILES = [(f"{digit}.png", png(digit_picture(digit))) for digit in range(5)]
FILES += [("blank.png", BLANK), ("bad.png", b"hello"), ("noise.png", NOISE)]


@pytest.fixture
def upload(visit, tmp_path):
    """Return a function that opens the page and uploads files."""

    def upload(*files):
        app = visit(tmp_path / "runs", "try_it")
        app.segmented_control("source").set_value("Upload").run()
        app.file_uploader[0].set_value([(name, content, "image/png") for name, content in files]).run()
        assert not app.exception
        return app

    return upload


def pack(files) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def column(app, name: str) -> list:
    return app.dataframe[0].value[name].tolist()


def test_many_files_are_a_table(upload):
    app = upload(*FILES)
    assert not predictions(app)
    assert column(app, "file") == [name for name, _ in FILES]
    assert column(app, "text") == ["0", "1", "2", "3", "4", "", "", ""]
    assert min(column(app, "confidence")[:5]) > 0.9
    reasons = column(app, "reason")
    assert reasons[:6] == [""] * 5 + ["No digits found."]
    assert reasons[6] == "it is not a picture that can be read: use PNG, JPEG, WebP, BMP, TIFF or GIF"
    has_thumbnail = [str(url).startswith("data:image/jpeg;base64,") for url in column(app, "picture")]
    assert has_thumbnail == [name != "bad.png" for name, _ in FILES]
    assert "**8 of 8 pictures**: select one for details" in texts(app.markdown)


def test_the_table_is_filtered_and_sorted(upload):
    app = upload(*FILES)
    for shown, files in (("Errors", ["bad.png"]), ("Accepted", [name for name, _ in FILES[:5]])):
        app.selectbox("batch-filter").set_value(shown).run()
        assert column(app, "file") == files
    app.selectbox("batch-filter").set_value("All").run()
    app.selectbox("batch-order").set_value("File").run()
    assert column(app, "file") == sorted(name for name, _ in FILES)
    app.selectbox("batch-order").set_value("Least confident").run()
    confidences = [-1 if value is None or np.isnan(value) else value for value in column(app, "confidence")]
    assert confidences == sorted(confidences)


def test_what_is_downloaded_is_what_the_command_prints(upload, tmp_path, monkeypatch, capsys):
    app = upload(*FILES)
    from parts import batch

    monkeypatch.chdir(tmp_path)
    for name, content in FILES:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit):
        cli.main(["read", *(name for name, _ in FILES), "--json"])
    printed = capsys.readouterr().out
    rows = list(app.session_state["batch"].values())
    assert batch.to_json(rows) == printed
    table = list(csv.DictReader(io.StringIO(batch.to_csv(rows))))
    lists = ("lines", "digits")
    read_back = [
        {name: row[name] for name in ("file", "text")}
        | {name: json.loads(row[name]) for name in lists}
        | {"error": row["error"] or None}
        for row in table
    ]
    assert read_back == [json.loads(line) for line in printed.splitlines()]


def test_a_selected_picture_is_shown_in_detail(upload, monkeypatch):
    app = upload(*FILES)
    from parts import batch

    table = batch.st.dataframe
    monkeypatch.setattr(
        batch.st,
        "dataframe",
        lambda *args, **options: table(*args, **options) and {"selection": {"rows": [3]}},
    )
    app.run()
    assert not app.exception
    assert (app.subheader[0].value, predictions(app)) == (r"3\.png", ["3"])


def test_pages_and_the_largest_number_of_pictures(upload, monkeypatch):
    upload(FILES[0])
    from parts import batch, uploads

    monkeypatch.setattr(batch, "PAGE_SIZE", 4)
    monkeypatch.setattr(uploads, "MAX_PICTURES", 7)
    app = upload(*FILES)
    assert "Only the first 7 of 8 pictures are read" in texts(app.warning)[0]
    assert column(app, "file") == [name for name, _ in FILES[:4]]


def test_pictures_in_archives_are_read(upload):
    app = upload(("some.zip", pack(FILES[:3])), FILES[3])
    assert predictions(app) == ["0", "1", "2", "3"]
    assert texts(app.subheader) == ["0.png", "1.png", "2.png", "3.png"]
    app = upload(("all.zip", pack(FILES)))
    assert column(app, "text") == ["0", "1", "2", "3", "4", "", "", ""]


def test_archives_and_pictures_that_cannot_be_read_give_their_reasons(upload):
    bomb = bytearray(pack([(f"{i}.png", b"") for i in range(10_001)]))
    app = upload(("bad.zip", b"hello"), ("empty.zip", pack([])), ("bomb.zip", bytes(bomb)))
    assert texts(app.error)[0].startswith("bad.zip: it is no ZIP that can be read")
    assert texts(app.error)[1] == "bomb.zip: it holds 10,001 files: put 10,000 or fewer into a ZIP"
    assert texts(app.info) == ["empty.zip holds no pictures."]


def test_a_picture_of_60_megabytes_gives_its_reason(upload):
    app = upload(("large.png", bytes(60_000_000)))
    assert texts(app.error) == ["it is larger than 50,000,000 bytes: reduce it"]
