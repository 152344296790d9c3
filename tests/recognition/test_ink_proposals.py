"""Proposals of the network that finds strokes: digits of a generated page in its own pixels, none on empty ones."""

import numpy as np
import pytest

from digitjax.config import Data
from digitjax.data import pages, pipeline
from digitjax.data.pages import CONDITIONS, Page
from digitjax.imaging.binarize import EDGE_INTENSITY
from digitjax.imaging.segmentation import Region
from digitjax.model import ink_model
from digitjax.model.ink_model import InkModel, InkPrediction
from digitjax.recognition.ink_proposals import (
    guided_intensity,
    propose_regions,
    view_digits,
)


@pytest.fixture(scope="module")
def model() -> InkModel:
    return ink_model.load()


@pytest.fixture(scope="module")
def page() -> Page:
    test = pipeline.load(Data(name="digits")).test
    condition = CONDITIONS["5 digits, gap 0.2"]
    return next(pages.generate_pages(test.images[:5], test.labels[:5], "page", condition, seed=0))


def see(pixels: np.ndarray, model: InkModel) -> tuple[np.ndarray, InkPrediction]:
    return pixels, model.predict(pixels)


def rgb(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


@pytest.mark.parametrize("factor", [1, 4])
@pytest.mark.parametrize("negative", [False, True])
def test_the_digits_of_a_page_are_proposed_in_its_own_pixels(
    model: InkModel, page: Page, factor: int, negative: bool
):
    pixels = rgb(page.pixels).repeat(factor, axis=0).repeat(factor, axis=1)
    proposal = propose_regions(*see(255 - pixels if negative else pixels, model))
    assert proposal is not None
    foreground, regions = proposal
    assert foreground.intensity.shape == pixels.shape[:2]
    truth = page.foreground().repeat(factor, axis=0).repeat(factor, axis=1)
    assert (foreground.mask & truth).sum() > 0.8 * (foreground.mask | truth).sum()
    assert len(regions) == 5
    for region, digit in zip(sorted(regions, key=lambda r: r.x0), page.digits, strict=True):
        assert np.abs(np.array(region.corners) - factor * np.array(digit.box)).max() < 6 * factor


def test_masks_of_regions_are_strokes_and_do_not_overlap(model: InkModel, page: Page):
    proposal = propose_regions(*see(rgb(page.pixels), model))
    assert proposal is not None
    foreground, regions = proposal
    total = np.zeros(foreground.intensity.shape, int)
    for region in regions:
        assert isinstance(region, Region)
        total[region.y0 : region.y1, region.x0 : region.x1] += region.mask
    assert total.max() == 1
    assert (foreground.intensity[total == 1] > EDGE_INTENSITY).all()


@pytest.mark.parametrize("shape", [(1, 1), (9, 400), (1200, 300)])
@pytest.mark.parametrize("level", [0, 200])
def test_nothing_is_proposed_on_an_empty_page(model: InkModel, shape: tuple[int, int], level: int):
    assert propose_regions(*see(np.full((*shape, 3), level, np.uint8), model)) is None


def test_the_smaller_size_is_viewed(model: InkModel, page: Page):
    pixels = rgb(page.pixels)
    reduced = np.ascontiguousarray(pixels[::3, ::3])
    for picture, zoom, shape in ((reduced, 1.5, reduced.shape), (pixels, 1 / 3, reduced.shape)):
        view = view_digits(picture, model.look(picture, zoom))
        assert view is not None
        assert np.abs(np.subtract(view.owners.shape, shape[:2])).max() <= 1


def test_intensity_is_the_way_from_the_papers_color_to_the_pens():
    paper, pen = np.array([240, 220, 200]), np.array([40, 20, 160])
    share = np.zeros((40, 60), np.float32)
    share[10:30, 20:26], share[10:30, 26] = 1, 0.5
    pixels = (paper + share[..., None] * (pen - paper)).round().astype(np.uint8)
    intensity = guided_intensity(pixels, (share > 0.4).astype(np.float32), height=20.0)
    assert intensity[15:25, 21:25].mean() == pytest.approx(1, abs=0.05)
    assert intensity[15:25, 26].mean() == pytest.approx(0.5, abs=0.1)
    assert intensity[:, :15].max() == 0
