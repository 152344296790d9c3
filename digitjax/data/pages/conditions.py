"""The table of named conditions: a line each, and a new line is all that a new one needs."""

from collections.abc import Mapping

import numpy as np

from digitjax.data.pages import camera, files, light, paper, strokes
from digitjax.data.pages.colors import any_colors, chalk, pair, pen_on_paper, pencil
from digitjax.data.pages.condition import WHITE_ON_BLACK, Condition
from digitjax.data.pages.glyphs import ENLARGED, Hand
from digitjax.data.pages.layout import blank, cropped, framed, placed, written

# --------------------------------------------------------------------------------------- one digit

ONE_DIGIT: Mapping[str, Condition] = {
    "28x28": Condition(framed(), colors=WHITE_ON_BLACK),
    "28x28, negative": Condition(framed()),
    "tight crop": Condition(cropped(), colors=WHITE_ON_BLACK),
    "tight crop, negative": Condition(cropped()),
    "tight crop, enlarged 4 times": Condition(cropped(4.0), colors=WHITE_ON_BLACK),
    **{f"margin of {m:g} digits": Condition(cropped(6.0, m)) for m in (0.02, 0.1, 0.4, 1.0, 4.0)},
    **{f"at {x}, {y} of 1000x1000": Condition(placed(x, y)) for x in (0, 444, 888) for y in (0, 444, 888)},
    **{f"contrast {c:g}": Condition(framed(5.0), colors=pair(1.0, 1 - c)) for c in (0.5, 0.2, 0.1, 0.05)},
    "pressure 0.15 to 1": Condition(framed(5.0), strokes=(strokes.pressure(0.15),)),
    "pressure 0.15 to 1, 28x28": Condition(framed(), strokes=(strokes.pressure(0.15),)),
    "shadow and desk edge": Condition(
        placed(400, 400),
        colors=pair(0.92, 0.22),
        light=(
            light.region_shadow(0.45, (0, None), (600, None)),
            light.region_shadow(0.7, (820, None), (0, None)),
        ),
    ),
    "thin red line far below": Condition(
        placed(400, 200), paper=(paper.bar((960, 964), (500, 900), (0.86, 0.0, 0.0)),)
    ),
    "gradient": Condition(framed(10.0), colors=pair(1.0, 0.2), light=(light.ramp(0.235, 0.98),)),
    **{
        f"noise {d}": Condition(framed(5.0), colors=pair(1.0, 0.2), camera=(camera.noise(d / 255),))
        for d in (10, 30, 60)
    },
    **{f"JPEG quality {q}": Condition(framed(3.0), camera=(camera.jpeg(q),)) for q in (60, 20, 8)},
    "hair-thin": Condition(
        written(height=(240, 240), hand=Hand(width=(0.004, 0.004)), margin=(0.2, 0.2)),
        camera=(camera.two_levels(),),
    ),
    "very thick": Condition(
        written(height=(160, 160), hand=Hand(growth=(0.05, 0.05)), margin=(0.2, 0.2)),
        camera=(camera.two_levels(),),
    ),
    "PNG, 16 bits": Condition(framed(4.0), file=files.png_16_bit),
    "TIFF, 12 bits": Condition(framed(4.0), file=files.tiff_12_bit),
    "JPEG, CMYK": Condition(framed(4.0), file=files.jpeg_cmyk),
    "PNG, black on transparent": Condition(framed(4.0), file=files.png_black_on_transparent),
    "PNG, white on transparent": Condition(framed(4.0), file=files.png_white_on_transparent),
    "GIF": Condition(framed(4.0), file=files.gif),
    "PNG, 1 bit": Condition(framed(4.0), file=files.png_1_bit),
    **{f"EXIF orientation {o}": Condition(framed(4.0), file=files.jpeg_turned(o)) for o in (3, 6, 8)},
    **{
        f"{h} pixels high": Condition(written(height=(h, h), hand=ENLARGED, margin=(0.25, 0.25)))
        for h in (8, 12, 16)
    },
    "light on dark, 12 pixels high": Condition(
        written(height=(12, 12), hand=ENLARGED, margin=(0.25, 0.25)), colors=WHITE_ON_BLACK
    ),
    "one on a page": Condition(written(height=(40, 300), margin=(0.5, 4)), colors=pen_on_paper),
}

# --------------------------------------------------------------------------------------- strings and lines

PLAIN_HAND = Hand(slant=(-0.1, 0.25), turn=(-5, 5), baseline=0.04)
PENS = Hand(slant=(-0.1, 0.25), turn=(-5, 5), baseline=0.05, width=(0.06, 0.2))
UNEVEN = Hand(slant=(-0.15, 0.3), turn=(-8, 8), size=(0.85, 1.15), baseline=0.12, mixed=True)
MIXED = Hand(slant=(-0.2, 0.4), turn=(-12, 12), size=(0.7, 1.3), baseline=0.1, width=(0.04, 0.24), mixed=True)
STRING = written(height=(50, 110), gap=(0.15, 0.45), hand=PLAIN_HAND, margin=(0.5, 1.5))
NOTE = written(rows=3, height=(40, 70), gap=(0.15, 0.5), hand=PLAIN_HAND, margin=(0.8, 2.0), pitch=(1.6, 2.1))
ROOMY = written(height=(50, 90), gap=(0.15, 0.45), hand=PLAIN_HAND, margin=(1.6, 3.5))
FORM = written(height=(45, 80), gap=(0.5, 0.7), hand=PLAIN_HAND, margin=(0.6, 1.5))


def _string(gap: float, hand: Hand = ENLARGED) -> Condition:
    return Condition(written(height=(100, 100), gap=(gap, gap), hand=hand, margin=(0.4, 0.4)), (5, 5))


LINES: Mapping[str, Condition] = {
    "5 digits, gap 0.2": _string(0.2),
    "5 digits, touching": _string(0.0),
    "5 digits, overlapping by 0.1": _string(-0.1),
    "10 digits, uneven": Condition(
        written(
            height=(100, 100), gap=(0.12, 0.12), hand=Hand(sharp=False, baseline=0.14), margin=(0.4, 0.4)
        ),
        (10, 10),
    ),
    "5 digits, gap 0.06": _string(0.06),
    "5 digits, overlapping by 0.05": _string(-0.05),
    "5 digits, gap 1.5": _string(1.5),
    "2 digits": Condition(STRING, (2, 2), colors=pen_on_paper),
    "20 digits in a line": Condition(STRING, (20, 20), colors=pen_on_paper),
    "3 lines": Condition(NOTE, (12, 24), colors=pen_on_paper),
    "120 digits": Condition(
        written(10, (36, 48), (0.15, 0.5), PLAIN_HAND, (0.8, 2.0), (1.6, 2.0)),
        (120, 120),
        colors=pen_on_paper,
    ),
    "3 lines, tilted": Condition(
        written(3, (40, 70), (0.15, 0.5), PLAIN_HAND, (0.8, 2.0), (1.8, 2.2), (-5, 5)),
        (12, 24),
        colors=pen_on_paper,
    ),
    "slanted": Condition(
        written(height=(60, 100), gap=(0.1, 0.3), hand=Hand(slant=(0.35, 0.6)), margin=(0.5, 1)), (4, 8)
    ),
    "uneven baseline and sizes": Condition(
        written(height=(50, 90), gap=(0.1, 0.5), hand=UNEVEN, margin=(0.5, 1.5)), (4, 10), colors=pen_on_paper
    ),
    "mixed sizes and pens": Condition(
        written(height=(60, 100), gap=(0.15, 0.5), hand=MIXED, margin=(0.5, 1.5)), (4, 8), colors=pen_on_paper
    ),
    "fine pen": Condition(
        written(height=(80, 120), gap=(0.15, 0.4), hand=Hand(width=(0.015, 0.03), slant=(-0.1, 0.25))), (4, 8)
    ),
    "broad marker": Condition(
        written(height=(80, 120), gap=(0.15, 0.4), hand=Hand(width=(0.2, 0.26), slant=(-0.1, 0.25))), (4, 8)
    ),
    "12 pixels high, 5 digits": Condition(
        written(height=(12, 12), gap=(0.25, 0.25), hand=ENLARGED, margin=(0.5, 0.5)), (5, 5)
    ),
    "4000 pixels": Condition(
        written(4, (420, 440), (0.15, 0.4), PENS, (0.6, 1.2), (1.6, 1.8)), (20, 20), colors=pen_on_paper
    ),
    # pens
    "pencil of varying pressure": Condition(
        STRING, (4, 8), (strokes.pressure(0.25), strokes.grain(0.35)), pencil, (paper.texture(0.015),)
    ),
    "faint pencil": Condition(
        STRING, (4, 8), (strokes.pressure(0.6), strokes.grain(0.25)), pair(0.93, 0.72), (paper.texture(0.01),)
    ),
    "worn marker": Condition(STRING, (4, 8), (strokes.skips(0.15),), pen_on_paper),
    "chalk on a board": Condition(
        STRING, (4, 8), (strokes.grain(0.4),), chalk, (paper.texture(0.1, 3),), camera=(camera.noise(0.02),)
    ),
    "any colors": Condition(STRING, (4, 8), colors=any_colors(0.35)),
    "gradient of colors": Condition(
        STRING,
        (4, 8),
        colors=pair((1.0, 0.93, 0.75), (0.1, 0.1, 0.25)),
        paper=(paper.ground_gradient((0.45, 0.7, 0.85)),),
    ),
    "light on a gradient of colors": Condition(
        STRING, (4, 8), colors=pair((0.1, 0.15, 0.35), 1.0), paper=(paper.ground_gradient((0.5, 0.2, 0.4)),)
    ),
    # paper
    "ruled paper": Condition(NOTE, (9, 18), colors=pen_on_paper, paper=(paper.ruled(1.85),)),
    "dark ruling": Condition(NOTE, (9, 18), paper=(paper.ruled(1.85, 0.4),)),
    "squared paper": Condition(STRING, (4, 8), colors=pen_on_paper, paper=(paper.ruled(0.6, squared=True),)),
    "form boxes": Condition(FORM, (4, 8), colors=pen_on_paper, paper=(paper.boxes(),)),
    "separate form boxes": Condition(
        FORM, (4, 8), colors=pen_on_paper, paper=(paper.boxes(0.1, 0.04, True),)
    ),
    "underlined": Condition(STRING, (4, 8), paper=(paper.underlines(),)),
    "stray line": Condition(ROOMY, (4, 8), colors=pen_on_paper, paper=(paper.stray_line(),)),
    "logo": Condition(ROOMY, (4, 8), colors=pen_on_paper, paper=(paper.logo(),)),
    "show-through": Condition(NOTE, (9, 18), colors=pair(0.95, 0.15), paper=(paper.show_through(0.15),)),
    "specks": Condition(ROOMY, (4, 8), paper=(paper.specks(25),)),
    "creased paper": Condition(
        NOTE, (9, 18), colors=pen_on_paper, paper=(paper.texture(0.01), paper.crease())
    ),
    "on wood": Condition(STRING, (4, 8), colors=pair((0.75, 0.58, 0.38), 0.08), paper=(paper.wood(),)),
    "page on a dark desk": Condition(
        ROOMY,
        (4, 20),
        colors=pen_on_paper,
        paper=(paper.texture(0.01), paper.desk(2)),
        light=(light.shade(0.8),),
    ),
    "page on a light desk": Condition(
        ROOMY, (4, 8), colors=pair(0.93, 0.15), paper=(paper.desk(4, (0.68, 0.52, 0.38), 3),)
    ),
    # light
    "shade": Condition(STRING, (4, 8), colors=pen_on_paper, light=(light.shade(0.3),)),
    "vignette": Condition(STRING, (4, 8), colors=pen_on_paper, light=(light.vignette(0.7),)),
    "hard shadow": Condition(NOTE, (9, 18), colors=pen_on_paper, light=(light.hard_shadow(0.5),)),
    "shadow below 10 digits": Condition(
        ROOMY, (10, 10), colors=pair(0.92, 0.15), light=(light.hard_shadow(0.6, 6, below=True),)
    ),
    "lamp": Condition(STRING, (4, 8), colors=pencil, light=(light.lamp(), light.shade(0.45))),
    # camera
    "out of focus": Condition(STRING, (4, 8), colors=pen_on_paper, camera=(camera.blur(0.06),)),
    "shaken": Condition(STRING, (4, 8), colors=pen_on_paper, camera=(camera.motion_blur(0.12),)),
    "night shot": Condition(
        STRING,
        (4, 8),
        colors=pair(0.3, 0.08),
        light=(light.vignette(0.5),),
        camera=(camera.noise(0.04, 1.5, True),),
    ),
    "salt and pepper": Condition(STRING, (4, 8), camera=(camera.salt_and_pepper(0.03),)),
    "phone photo": Condition(
        NOTE,
        (9, 18),
        (strokes.pressure(0.6),),
        pen_on_paper,
        (paper.texture(0.015), paper.crease(), paper.desk(2, (0.3, 0.22, 0.16))),
        (light.shade(0.5), light.hard_shadow(0.3, 30), light.lamp((1.0, 0.93, 0.82))),
        (camera.blur(0.02), camera.noise(0.015, 1, True), camera.jpeg(60)),
    ),
    "scan, 1 bit": Condition(STRING, (4, 8), paper=(paper.texture(0.02),), camera=(camera.two_levels(0.6),)),
    "fax": Condition(
        STRING, (4, 8), colors=pair(0.95, 0.1), camera=(camera.noise(0.05), camera.two_levels(0.5, True))
    ),
    "scan with JPEG quality 15": Condition(STRING, (4, 8), colors=pen_on_paper, camera=(camera.jpeg(15),)),
    "negative of a photo": Condition(
        STRING,
        (4, 8),
        colors=pen_on_paper,
        paper=(paper.texture(0.01),),
        light=(light.shade(0.6),),
        camera=(camera.negative(),),
    ),
}

# --------------------------------------------------------------------------------------- no digit

SCRIBBLES = ("scribble", "zigzag", "spiral", "loops", "rosette", "lines", "pieces")
SPOTS = ("blob", "shade", "clouds", "noise", "speckle")
WITHOUT_DIGITS: Mapping[str, Condition] = {
    "no digit: letters": Condition(STRING, (1, 7), colors=pen_on_paper, drawings=("glyph",)),
    "no digit: lines of letters": Condition(NOTE, (9, 18), colors=pen_on_paper, drawings=("glyph",)),
    "no digit: scribbles": Condition(STRING, (1, 3), colors=pen_on_paper, drawings=SCRIBBLES),
    "no digit: spots": Condition(STRING, (1, 3), colors=pen_on_paper, drawings=SPOTS),
    "no digit: 28x28": Condition(framed(), colors=WHITE_ON_BLACK, drawings=("glyph", *SCRIBBLES, *SPOTS)),
    "no digit: empty page": Condition(
        blank(400, 520),
        (0, 0),
        colors=pen_on_paper,
        paper=(paper.texture(0.01),),
        light=(light.shade(0.7),),
        camera=(camera.noise(0.01), camera.jpeg(70)),
    ),
    "no digit: ruled page": Condition(
        blank(400, 520), (0, 0), colors=pen_on_paper, paper=(paper.ruled(0.7),)
    ),
    "no digit: squared page": Condition(
        blank(400, 520),
        (0, 0),
        colors=pen_on_paper,
        paper=(paper.ruled(0.5, squared=True),),
        light=(light.shade(0.6),),
    ),
    "no digit: page on a desk": Condition(
        blank(400, 520),
        (0, 0),
        colors=pen_on_paper,
        paper=(paper.texture(0.015), paper.crease(), paper.desk(3)),
        light=(light.hard_shadow(0.4, 6),),
        camera=(camera.noise(0.015), camera.jpeg(70)),
    ),
    "no digit: wood and cloth": Condition(
        blank(400, 520),
        (0, 0),
        colors=pair((0.6, 0.45, 0.3), 0.1),
        paper=(paper.wood(0.4), paper.texture(0.06)),
        camera=(camera.jpeg(70),),
    ),
    "no digit: noise": Condition(
        blank(200, 300), (0, 0), colors=pair(0.5, 0.0), camera=(camera.noise(0.15),)
    ),
    "no digit: dust": Condition(
        blank(400, 520), (0, 0), colors=pen_on_paper, paper=(paper.specks(60, 0.15),)
    ),
}

CONDITIONS: Mapping[str, Condition] = {**ONE_DIGIT, **LINES, **WITHOUT_DIGITS}
"""Every condition by its name."""

# --------------------------------------------------------------------------------------- anything

_LAYOUTS = (
    (written(height=(20, 160), gap=(0.15, 0.5), hand=PENS, margin=(0.3, 2.5)), (1, 8)),
    (written(height=(20, 160), gap=(-0.1, 0.2), hand=PLAIN_HAND, margin=(0.3, 2.5)), (1, 8)),
    (written(height=(30, 120), gap=(0.0, 0.5), hand=UNEVEN, margin=(0.3, 2.5)), (1, 10)),
    (written(height=(30, 120), gap=(0.15, 0.7), hand=MIXED, margin=(0.3, 2.5)), (1, 8)),
    (written(4, (20, 70), (0.1, 0.6), PENS, (0.3, 2.0), (1.5, 2.2), (-4, 4)), (4, 40)),
)
_STROKES = (strokes.pressure(0.2), strokes.pressure(0.6), strokes.grain(0.4), strokes.skips(0.12))
_COLORS = (pen_on_paper, pen_on_paper, pencil, chalk, any_colors(0.3), WHITE_ON_BLACK)
_PAPER = (
    paper.ruled(1.8),
    paper.ruled(0.6, squared=True),
    paper.ruled(1.5, 0.4),
    paper.boxes(),
    paper.underlines(),
    paper.stray_line(),
    paper.logo(),
    paper.show_through(0.12),
    paper.texture(0.02),
    paper.wood(0.15),
    paper.specks(15),
    paper.crease(),
    paper.desk(2),
    paper.desk(3, (0.6, 0.45, 0.3)),
    paper.ground_gradient((0.6, 0.8, 0.9)),
)
_LIGHT = (
    light.shade(0.35),
    light.vignette(0.6),
    light.hard_shadow(0.45),
    light.hard_shadow(0.3, 40),
    light.lamp(),
)
_CAMERA = (
    camera.blur(0.03),
    camera.motion_blur(0.07),
    camera.noise(0.03),
    camera.noise(0.03, 1, True),
    camera.jpeg(60),
    camera.jpeg(20),
    camera.negative(),
    camera.two_levels(0.5, True),
    camera.salt_and_pepper(0.01),
)


def draw_condition(rng: np.random.Generator) -> Condition:
    """Draw a condition at random, of up to two steps a stage, for training on pages of every kind."""

    def some(steps: tuple, limit: int) -> tuple:
        return tuple(steps[i] for i in rng.permutation(len(steps))[: rng.integers(0, limit + 1)])

    layout, count = _LAYOUTS[rng.integers(len(_LAYOUTS))]
    colors = _COLORS[rng.integers(len(_COLORS))]
    return Condition(
        layout, count, some(_STROKES, 1), colors, some(_PAPER, 2), some(_LIGHT, 2), some(_CAMERA, 2)
    )
