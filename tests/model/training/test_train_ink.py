"""Training of the network that finds strokes: it runs, resumes to the same weights, and leaves what can be loaded."""

from pathlib import Path

import numpy as np
import pytest

from digitjax.config import Data
from digitjax.model import ink_model
from digitjax.model.architectures.ink_net import InkNetConfig
from digitjax.model.training import train_ink
from digitjax.model.training.ink_step import metrics_of
from digitjax.model.training.train_ink import InkTraining, train

TINY = InkTraining(
    model=InkNetConfig(channels=(4, 4, 4, 4)),
    data=Data(name="digits"),
    steps=4,
    batch_size=2,
    round_size=4,
    repeats=1,
    warmup=1,
    outliers=4,
    validation_crops=4,
    save_seconds=0.0,
)


@pytest.mark.long
def test_a_resumed_training_ends_with_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    metrics = train(TINY, whole)
    assert metrics.keys() == {"iou", "vote_error", "false_share"}
    assert len((whole / "metrics.jsonl").read_text().splitlines()) == 2

    def interrupt(*_: object) -> dict[str, float]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train_ink, "validate", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(TINY, resumed)
    assert train(TINY, resumed) == metrics
    with np.load(whole / "ink.npz") as one, np.load(resumed / "ink.npz") as other:
        assert all((one[name] == other[name]).all() for name in one.files)
    prediction = ink_model.load(resumed / "ink.onnx").predict(np.zeros((20, 20, 3), np.uint8))
    assert max(prediction.probability.shape) <= 160


def test_metrics_are_shares():
    sums = {"both": 3.0, "either": 4.0, "vote": 1.0, "strokes": 10.0, "found_without": 0.0, "without": 0.0}
    assert metrics_of(sums) == {"iou": 0.75, "vote_error": 0.1, "false_share": 0.0}
