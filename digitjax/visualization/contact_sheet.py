"""A contact sheet of the pictures that were read wrongly, for error analysis at a glance."""

from PIL import Image, ImageDraw, ImageFont, ImageOps

from digitjax.errors import InputError
from digitjax.imaging.decode import decode
from digitjax.recognition.recognizer import Digit
from digitjax.recognition.scoring import PictureResult, PicturesEvaluation
from digitjax.visualization.boxes import box_color

MAX_TILES = 300
"""Maximum errors on a sheet; further ones are left out, since few programs open larger images."""
MAX_DIGITS = 30
"""Maximum digits shown for one picture."""

# Layout in pixels, but for the counts of columns and the zoom factor.
_COLUMNS, _TILE_WIDTH, _HEADER, _GAP = 3, 600, 40, 8
_PICTURE_SIDE, _LINE, _ZOOM = 164, 18, 2
_DIGIT_COLUMNS, _DIGIT_WIDTH, _DIGIT_HEIGHT = 6, 68, 78
_BACKGROUND, _TEXT = "#EEEEEE", "#000000"


def contact_sheet(evaluation: PicturesEvaluation) -> Image.Image:
    """Draw a tile for each error: the picture with its boxes, its label, the prediction and each digit.

    Each digit is the 28x28 input of the network, above its prediction and confidence; rejected digits are in
    parentheses.
    """
    errors = evaluation.errors
    tiles = [_draw_tile(evaluation, result) for result in errors[:MAX_TILES]]
    rows = [tiles[start : start + _COLUMNS] for start in range(0, len(tiles), _COLUMNS)]
    heights = [max(tile.height for tile in row) for row in rows]
    sheet = Image.new("RGB", (_COLUMNS * _TILE_WIDTH, _HEADER + sum(heights)), _BACKGROUND)
    title = f"{evaluation.model}: {len(errors):,} errors in {len(evaluation.results):,} pictures"
    left_out = f", the first {len(tiles)} shown" if len(tiles) < len(errors) else ""
    _write(sheet, (_GAP, _GAP), title + left_out, size=18)
    y = _HEADER
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            sheet.paste(tile, (column * _TILE_WIDTH, y))
        y += height
    return sheet


def _draw_tile(evaluation: PicturesEvaluation, result: PictureResult) -> Image.Image:
    digits = result.digits[:MAX_DIGITS]
    digit_rows = -(-len(digits) // _DIGIT_COLUMNS)
    height = max(_PICTURE_SIDE, 2 * _LINE + digit_rows * _DIGIT_HEIGHT) + _GAP
    tile = Image.new("RGB", (_TILE_WIDTH, height), _BACKGROUND)
    tile.paste(_draw_picture(evaluation, result), (_GAP, 0))
    left = _PICTURE_SIDE + 2 * _GAP
    left_out = f", the first {len(digits)} of {len(result.digits)} digits" if digits != result.digits else ""
    _write(tile, (left, 0), _truncate(result.row.file, 30) + left_out)
    label, predicted = "|".join(result.row.lines), "|".join(result.lines)
    text = f"label {label}  predicted {predicted or result.error or 'nothing'}"
    _write(tile, (left, _LINE), _truncate(text, 60))
    for number, digit in enumerate(digits):
        row, column = divmod(number, _DIGIT_COLUMNS)
        _draw_digit(tile, (left + column * _DIGIT_WIDTH, 2 * _LINE + row * _DIGIT_HEIGHT), digit)
    return tile


def _draw_digit(tile: Image.Image, position: tuple[int, int], digit: Digit) -> None:
    image = ImageOps.scale(Image.fromarray(digit.image), _ZOOM, Image.Resampling.NEAREST)
    tile.paste(image, position)
    caption = f"{digit.digit} {digit.confidence:.0%}"
    x, y = position
    _write(tile, (x, y + image.height), f"({caption})" if digit.rejected else caption, box_color(digit))


def _draw_picture(evaluation: PicturesEvaluation, result: PictureResult) -> Image.Image:
    """Draw the picture with a box around each digit, scaled down to the space of a tile."""
    space = (_PICTURE_SIDE, _PICTURE_SIDE)
    try:
        picture = decode(evaluation.folder / result.row.file)
    except InputError:
        return Image.new("RGB", space, "#808080")
    image = ImageOps.contain(Image.fromarray(picture.pixels), space)
    canvas = ImageDraw.Draw(image)
    for digit in result.digits:
        box = [side * image.width / picture.width for side in digit.box]
        canvas.rectangle(box, outline=box_color(digit))
    return image


def _write(
    image: Image.Image, position: tuple[int, int], text: str, color: str = _TEXT, size: int = 13
) -> None:
    ImageDraw.Draw(image).text(position, text, fill=color, font=ImageFont.load_default(size))


def _truncate(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
