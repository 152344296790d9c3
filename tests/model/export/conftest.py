"""Fixtures of the tests of exports: a calibrated run, and images."""

import shutil

import numpy as np
import pytest
from scipy.special import softmax

from digitjax.model import calibration, classifier
from digitjax.model.calibration import Calibration
from digitjax.runs import Run

TEMPERATURE = 1.7


@pytest.fixture(scope="session")
def calibrated_run(able_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a temperature. Read it only."""
    run = Run(tmp_path_factory.mktemp("calibrated") / "able")
    shutil.copytree(able_run.path, run.path)
    _, [step] = classifier.load([run])
    calibration.write(run, Calibration(temperature=TEMPERATURE, step=step))
    return run


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)


@pytest.fixture(scope="session")
def probabilities(calibrated_run: Run, images: np.ndarray) -> np.ndarray:
    """Probabilities that the calibrated run predicts for the images."""
    classify, _ = classifier.load([calibrated_run])
    return softmax(classify(images) / TEMPERATURE, axis=1)
