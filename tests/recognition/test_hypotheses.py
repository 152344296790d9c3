"""Hypotheses of foreground proposals: how many parts their regions are cut into."""

import numpy as np
import pytest

from digitjax.imaging.binarize import Foreground
from digitjax.imaging.proposals import Proposal
from digitjax.recognition.crop_classifier import CropClassifier
from digitjax.recognition.hypotheses import HypothesisParams, classify_proposals
from tests.recognition.drawing import strokes


def unsure(images: np.ndarray) -> np.ndarray:
    return np.full((len(images), 10), 0.1, np.float32)


@pytest.mark.parametrize("max_parts", [0, 3])
def test_the_regions_of_all_lines_are_cut_into_no_more_parts_than_asked_for(max_parts: int):
    line = strokes("000", pen=9, gap=6).astype(np.float32)
    page = Foreground(np.concatenate([line, line[:, ::-1]]), uniform_background=True)
    counts = []
    for params in (HypothesisParams(max_parts=max_parts), HypothesisParams()):
        classifier = CropClassifier(unsure, params.normalize)
        classify_proposals([Proposal("page", page)], 0, classifier, None, params)
        counts.append(classifier.count)
    regions = 2
    assert counts[0] <= regions + max_parts < counts[1]
