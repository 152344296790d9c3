"""A contact sheet of the pictures that were read wrongly, to see at a glance what goes wrong."""

from PIL import Image, ImageDraw, ImageFont, ImageOps

from digitjax.errors import InputError
from digitjax.imaging.decode import decode
from digitjax.recognition.recognizer import Digit
from digitjax.recognition.scoring import PictureResult, PicturesEvaluation

MOST_TILES = 300
"""Mistakes on a sheet; those after them are left out, since few programs open larger pictures."""
MOST_DIGITS = 30
"""Digits shown of a picture."""

_COLUMNS, _TILE_WIDTH, _HEADER, _GAP = 3, 600, 40, 8
_PICTURE_SIDE, _LINE, _ZOOM = 164, 18, 2
_DIGITS_A_ROW, _DIGIT_WIDTH, _DIGIT_HEIGHT = 6, 68, 78
_GROUND, _TEXT = "#EEEEEE", "#000000"
_READ, _REJECTED = "#0072B2", "#D55E00"  # blue and vermillion of Okabe and Ito


def contact_sheet(evaluation: PicturesEvaluation) -> Image.Image:
    """Draw a tile for each mistake: the picture with its boxes, its label, what was read, and each digit.

    A digit is drawn as the network saw it, above what it was read as and the confidence; those that were
    rejected are in parentheses.
    """
    mistakes = evaluation.mistakes
    tiles = [_tile(evaluation, result) for result in mistakes[:MOST_TILES]]
    rows = [tiles[start : start + _COLUMNS] for start in range(0, len(tiles), _COLUMNS)]
    heights = [max(tile.height for tile in row) for row in rows]
    sheet = Image.new("RGB", (_COLUMNS * _TILE_WIDTH, _HEADER + sum(heights)), _GROUND)
    title = f"{evaluation.model}: {len(mistakes):,} mistakes in {len(evaluation.results):,} pictures"
    left_out = f", the first {len(tiles)} of them here" if len(tiles) < len(mistakes) else ""
    _write(sheet, (_GAP, _GAP), title + left_out, size=18)
    y = _HEADER
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            sheet.paste(tile, (column * _TILE_WIDTH, y))
        y += height
    return sheet


def _tile(evaluation: PicturesEvaluation, result: PictureResult) -> Image.Image:
    digits = result.digits[:MOST_DIGITS]
    digit_rows = -(-len(digits) // _DIGITS_A_ROW)
    height = max(_PICTURE_SIDE, 2 * _LINE + digit_rows * _DIGIT_HEIGHT) + _GAP
    tile = Image.new("RGB", (_TILE_WIDTH, height), _GROUND)
    tile.paste(_picture(evaluation, result), (_GAP, 0))
    left = _PICTURE_SIDE + 2 * _GAP
    left_out = f", the first {len(digits)} of {len(result.digits)} digits" if digits != result.digits else ""
    _write(tile, (left, 0), _cut(result.entry.file, 30) + left_out)
    label, read = "|".join(result.entry.lines), "|".join(result.lines)
    _write(tile, (left, _LINE), _cut(f"label {label}  read {read or result.error or 'nothing'}", 60))
    for number, digit in enumerate(digits):
        row, column = divmod(number, _DIGITS_A_ROW)
        _draw_digit(tile, (left + column * _DIGIT_WIDTH, 2 * _LINE + row * _DIGIT_HEIGHT), digit)
    return tile


def _draw_digit(tile: Image.Image, place: tuple[int, int], digit: Digit) -> None:
    seen = ImageOps.scale(Image.fromarray(digit.image), _ZOOM, Image.Resampling.NEAREST)
    tile.paste(seen, place)
    caption = f"{digit.digit} {digit.confidence:.0%}"
    x, y = place
    _write(tile, (x, y + seen.height), f"({caption})" if digit.rejected else caption, _colour(digit))


def _picture(evaluation: PicturesEvaluation, result: PictureResult) -> Image.Image:
    """Return the picture, fitted into the space there is, with a box around each digit."""
    space = (_PICTURE_SIDE, _PICTURE_SIDE)
    try:
        picture = decode(evaluation.folder / result.entry.file)
    except InputError:
        return Image.new("RGB", space, "#808080")
    shown = ImageOps.contain(Image.fromarray(picture.pixels), space)
    canvas = ImageDraw.Draw(shown)
    for digit in result.digits:
        canvas.rectangle([side * shown.width / picture.width for side in digit.box], outline=_colour(digit))
    return shown


def _colour(digit: Digit) -> str:
    return _REJECTED if digit.rejected else _READ


def _write(
    image: Image.Image, place: tuple[int, int], text: str, colour: str = _TEXT, size: int = 13
) -> None:
    ImageDraw.Draw(image).text(place, text, fill=colour, font=ImageFont.load_default(size))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
