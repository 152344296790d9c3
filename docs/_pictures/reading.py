"""Draw the pictures of docs/explanation/reading.md: what each station of the recognizer sees.

    python docs/_pictures/reading.py

Every digit is written by `digitjax.data.hands`, and every station is the one that `digitjax read` runs. So a change of
the recognizer is shown once the pictures are drawn anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import digitjax
from digitjax.data import outliers
from digitjax.data.hands import Hand, write_digit
from digitjax.imaging.binarize import binarize
from digitjax.imaging.components import find_components
from digitjax.imaging.letterbox import crop_letterbox
from digitjax.imaging.normalize import crop_digit, to_mnist
from digitjax.imaging.oversegmentation import build_lattice
from digitjax.imaging.proposals import find_contrast, propose_foregrounds
from digitjax.imaging.segmentation import Region, find_digits
from digitjax.model import ink_model
from digitjax.model.calibration import top2_probability
from digitjax.recognition.recognizer import Digit, Recognizer
from digitjax.visualization.boxes import draw_boxes

IMAGES = Path(__file__).parents[1] / "images"
HAND = Hand(
    slant=0.12, width=0.62, pen=0.085, tremor=0.015, flag=0.25, flag_angle=45.0, foot=False, four="open",
    tail=0.25, top=0.7, barred_seven=True, droop=0.0, nine="straight", gap=0.0,
)  # fmt: skip
"""The hand that writes all digits."""
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#8C564B")
"""Colors that people of every color vision can tell apart (Okabe and Ito), and two more."""
GRAY, BLUE, ORANGE = "#B0B0B0", PALETTE[0], PALETTE[1]
MARGIN = 12
"""Space around and between the parts of a figure, in pixels."""
LETTER = 3
"""Number of the letter that is shown, among the generated ones."""
TOUCH = 14
"""How far the boxes of two touching digits overlap, in pixels."""


# --------------------------------------------------------------------------------------- pictures


def write_line(text: str, gap: int, rng: np.random.Generator) -> np.ndarray:
    """Write digits side by side; a digit after a `+` touches the one before it.

    Args:
        text: digits, and `+` before one that touches.
        gap: space between two digits, in pixels.
        rng: random numbers.

    Returns:
        Where the strokes are, 0 to 1.
    """
    parts, touching = [], False
    for character in text:
        if character == "+":
            touching = True
            continue
        strokes = write_digit(HAND, int(character), rng)
        columns = np.flatnonzero((strokes > 0.5).any(axis=0))
        parts.append((strokes[:, columns[0] : columns[-1] + 1], touching))
        touching = False
    height = max(part.shape[0] for part, _ in parts) + 10
    line = np.zeros((height, 2000), np.float32)
    x = 0
    for strokes, touches in parts:
        x += -TOUCH if touches else gap if x else 0
        top = height // 2 - strokes.shape[0] // 2 + int(rng.integers(-3, 4))
        window = line[top : top + strokes.shape[0], x : x + strokes.shape[1]]
        np.maximum(window, strokes[: window.shape[0]], out=window)
        x += strokes.shape[1]
    return line[:, :x]


def draw_photo(
    lines: Sequence[str],
    seed: int,
    pen: tuple[int, int, int],
    ruling: tuple[int, int, int],
    darkest: float,
) -> np.ndarray:
    """Draw a photo of squared paper under uneven light, with sensor noise.

    Args:
        lines: what is written, as in `write_line`.
        seed: of all that is random.
        pen: its color in RGB.
        ruling: the color of the squares.
        darkest: brightness of the darkest corner, as a share of the brightest.

    Returns:
        The pixels, uint8 (h, w, 3).
    """
    rng = np.random.default_rng(seed)
    written = [write_line(line, 34, rng) for line in lines]
    height, width = 90 + 150 * len(lines), 110 + max(line.shape[1] for line in written)
    paper = np.full((height, width, 3), (243, 240, 230), np.float32)
    paper[::30, :] = paper[:, ::30] = ruling
    for number, strokes in enumerate(written):
        top = 120 + 150 * number - strokes.shape[0] // 2
        window = paper[top : top + strokes.shape[0], 55 : 55 + strokes.shape[1]]
        window += strokes[..., None] * (np.array(pen, np.float32) - window)
    light = np.linspace(1, darkest, width) * np.linspace(1, 0.9, height)[:, None]
    photo = paper * light[..., None] + 1.5 * rng.standard_normal(paper.shape)
    return np.rint(photo.clip(0, 255)).astype(np.uint8)


# ----------------------------------------------------------------------------------------- figures


def font(size: int = 15) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Return the font of all captions."""
    return ImageFont.load_default(size)


def stack(parts: Sequence[tuple[str, Image.Image]], columns: int, width: int) -> Image.Image:
    """Lay out images in a grid, each with its caption below.

    Args:
        parts: caption and image of each cell.
        columns: of the grid.
        width: of each image, in pixels.

    Returns:
        The figure.
    """
    cells = [(text, fit(image, width)) for text, image in parts]
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    heights = [max(image.height + 28 * bool(text) for text, image in row) for row in rows]
    size = (columns * (width + MARGIN) + MARGIN, sum(heights) + MARGIN * (len(rows) + 1))
    figure = Image.new("RGB", size, "white")
    canvas = ImageDraw.Draw(figure)
    top = MARGIN
    for row, height in zip(rows, heights, strict=True):
        for number, (text, image) in enumerate(row):
            left = MARGIN + number * (width + MARGIN)
            figure.paste(image, (left, top))
            canvas.text((left + width / 2, top + image.height + 5), text, "#333333", font(), anchor="ma")
        top += height + MARGIN
    return figure


def fit(image: Image.Image, width: int) -> Image.Image:
    """Scale an image to a width in pixels; small ones are enlarged so that their pixels stay visible."""
    method = Image.Resampling.NEAREST if image.width < width // 3 else Image.Resampling.LANCZOS
    return image.convert("RGB").resize((width, round(image.height * width / image.width)), method)


def dark_on_light(intensity: np.ndarray) -> Image.Image:
    """Draw an intensity, 0 to 1, as dark strokes on white."""
    return Image.fromarray(np.rint(255 * (1 - intensity)).astype(np.uint8))


def save(figure: Image.Image, name: str) -> None:
    """Save a figure as WebP, which keeps noise small."""
    figure.convert("RGB").save(IMAGES / f"reading-{name}.webp", quality=85, method=6)


def draw_letterbox(photo: np.ndarray) -> Image.Image:
    """Draw a screenshot of a photo, and the photo that is found in it."""
    screenshot = np.pad(photo, ((70, 70), (0, 0), (0, 0)))
    rows, columns = crop_letterbox(screenshot)
    cropped = screenshot[rows, columns]
    return stack(
        [("screenshot", Image.fromarray(screenshot)), ("without its bars", Image.fromarray(cropped))], 2, 370
    )


def draw_components(photo: np.ndarray) -> Image.Image:
    """Draw the connected components: those that may be strokes in colors, the others in gray."""
    foreground = binarize(photo)
    labels, components = find_components(foreground)
    pixels = np.full(photo.shape, 255, np.uint8)
    pixels[foreground.mask] = as_rgb(GRAY)
    for number, component in enumerate(sorted(components, key=lambda c: (c.y0 // 100, c.x0))):
        pixels[np.isin(labels, component.labels)] = as_rgb(PALETTE[number % len(PALETTE)])
    return Image.fromarray(pixels)


def draw_regions(photo: np.ndarray, regions: Sequence[Region]) -> Image.Image:
    """Draw the regions with their numbers in reading order, a color for each line."""
    image = Image.fromarray(photo)
    canvas = ImageDraw.Draw(image)
    for number, region in enumerate(regions, start=1):
        color = PALETTE[region.line % len(PALETTE)]
        canvas.rectangle(region.corners, outline=color, width=3)
        canvas.text((region.x0, region.y0 - 4), str(number), color, font(20), anchor="ls")
    return image


def draw_lattice(foreground: np.ndarray, region: Region, reader: Recognizer) -> Image.Image:
    """Draw a region of touching digits, and the parts of it that were tried, with their top-2 probabilities."""
    lattice = build_lattice([region], [0.0])
    images = np.stack([to_mnist(crop_digit(foreground, part)) for part in lattice.parts])
    probabilities = reader.probabilities(images)
    top2 = top2_probability(probabilities)
    selected = lattice.select(top2)
    shown = [0, *selected, *[i for i in np.argsort(-top2).tolist() if i not in (0, *selected)][:3]]
    cells = []
    for index in shown:
        name = "as found" if index == 0 else "selected" if index in selected else "tried"
        text = f"{name}: {probabilities[index].argmax()}, {top2[index]:.1%}"
        cells.append((text, square(dark_on_light(crop_digit(foreground, lattice.parts[index])))))
    return stack(cells, 3, 160)


def square(image: Image.Image) -> Image.Image:
    """Pad an image to a square."""
    side = max(image.size) + 8
    padded = Image.new("RGB", (side, side), "white")
    padded.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return padded.resize((160, 160), Image.Resampling.LANCZOS)


def draw_inputs(foreground: np.ndarray, regions: Sequence[Region], digits: Sequence[Digit]) -> Image.Image:
    """Draw digits as they are found, and below as the network gets them."""
    found = [("found", square(dark_on_light(crop_digit(foreground, region)))) for region in regions]
    inputs = [("28x28", Image.fromarray(digit.image)) for digit in digits]
    return stack(found + inputs, len(regions), 110)


def draw_probabilities(images: Sequence[np.ndarray], reader: Recognizer) -> Image.Image:
    """Draw images, and below the ten probabilities of each as bars."""
    cells = []
    for image, probabilities in zip(images, reader.probabilities(np.stack(images)), strict=True):
        chart = Image.new("RGB", (230, 230), "white")
        chart.paste(Image.fromarray(image).resize((84, 84), Image.Resampling.NEAREST), (73, 0))
        canvas = ImageDraw.Draw(chart)
        top2 = np.argsort(-probabilities)[:2]
        for label, probability in enumerate(probabilities.tolist()):
            left = 10 + 21 * label
            canvas.rectangle(
                (left, 205 - 100 * probability, left + 15, 205), fill=BLUE if label in top2 else GRAY
            )
            canvas.text((left + 7, 210), str(label), "#333333", font(13), anchor="ma")
        cells.append((f"top-2 probability {top2_probability(probabilities[None])[0]:.1%}", chart))
    return stack(cells, len(cells), 230)


def make_examples(digit: Digit) -> list[np.ndarray]:
    """Return a clear digit, a 1 with a long flag, and a letter, as the classifier gets them."""
    flagged = replace(HAND, flag=0.62, flag_angle=58.0, slant=0.3)
    one = to_mnist(write_digit(flagged, 1, np.random.default_rng(2)))
    letters, kinds = outliers.generate_kinds(200, seed=1)
    return [digit.image, one, letters[np.flatnonzero(kinds == "glyph")[LETTER]]]


def draw_proposals(photo: np.ndarray) -> Image.Image:
    """Draw a hard photo in several binarizations."""
    contrast = find_contrast(photo, dark=True)
    cells = [("picture", Image.fromarray(photo)), ("first", dark_on_light(binarize(photo).intensity))]
    cells += [
        (proposal.name, dark_on_light(proposal.foreground.intensity))
        for proposal in propose_foregrounds(photo, True, contrast)
        if proposal.clean
    ]
    return stack(cells[:6], 2, 370)


def draw_ink(photo: np.ndarray) -> Image.Image:
    """Draw what the ink network sees: the probability of strokes, and the votes for the middles of digits."""
    prediction = ink_model.load().predict(photo)
    zoom = 3
    pale = Image.blend(
        Image.fromarray(prediction.pixels), Image.new("RGB", prediction.pixels.shape[1::-1], "white"), 0.5
    )
    votes = pale.resize((zoom * pale.width, zoom * pale.height))
    canvas = ImageDraw.Draw(votes)
    rows, columns = np.nonzero(prediction.probability[::2, ::2] > 0.5)
    order = np.random.default_rng(0).permutation(len(rows))[:120]
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        start = np.array([2 * column, 2 * row])
        end = start + prediction.votes[row, column, :2]
        canvas.line((*(zoom * start).tolist(), *(zoom * end).tolist()), fill=BLUE, width=2)
        x, y = (zoom * end).tolist()
        canvas.ellipse((x - 3, y - 3, x + 3, y + 3), fill=ORANGE)
    return stack([("stroke probability", dark_on_light(prediction.probability)), ("votes", votes)], 2, 370)


def as_rgb(color: str) -> tuple[int, ...]:
    """Return a color as red, green and blue."""
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def main() -> None:
    """Draw all pictures."""
    reader = digitjax.load()
    photo = draw_photo(["31415", "926+53"], 7, pen=(30, 45, 120), ruling=(105, 135, 185), darkest=0.62)
    Image.fromarray(photo).save(IMAGES / "photo.jpg", quality=88)
    reading = reader.read(IMAGES / "photo.jpg")
    photo = reading.picture.pixels
    foreground = binarize(photo)
    regions = find_digits(foreground)
    pair = max(regions, key=lambda region: region.width / region.height)
    save(draw_letterbox(photo), "letterbox")
    cells = [("picture", Image.fromarray(photo)), ("foreground", dark_on_light(foreground.intensity))]
    save(stack(cells, 2, 370), "foreground")
    save(stack([("", draw_components(photo))], 1, 480), "components")
    save(stack([("", draw_regions(photo, regions))], 1, 480), "regions")
    save(draw_lattice(foreground.intensity, pair, reader), "lattice")
    save(draw_inputs(reading.intensity, reading.regions[:5], reading.digits[:5]), "inputs")
    save(draw_probabilities(make_examples(reading.digits[0]), reader), "probabilities")
    save(stack([("", draw_boxes(reading))], 1, 480), "result")
    hard = draw_photo(["2785"], 3, pen=(176, 172, 168), ruling=(196, 210, 226), darkest=0.45)
    save(draw_proposals(hard), "proposals")
    save(draw_ink(hard), "ink")
    for name, result in (("photo", reading), ("hard", reader.read(hard))):
        print(f"{name}: {result.text}, {len(result.proposals)} foregrounds")


if __name__ == "__main__":
    main()
