"""A history repeats the logged accuracies, and its learning dynamics equal direct loops."""

import json
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from digitjax.config import Data, Training
from digitjax.errors import InputError
from digitjax.evaluation import history as histories
from digitjax.evaluation.evaluate import Evaluation, evaluate
from digitjax.evaluation.history import History, SplitHistory, evaluate_history, history_folder
from digitjax.model.training.train import train
from digitjax.runs import Run, read_json
from tests.conftest import TINY
from tests.run_files import set_config

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 30), st.integers(0, 2**31))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Run:
    """Three epochs with their weights, outliers among the training images. Not to be modified."""
    training = Training(epochs=3, batch_size=64, keep_weights_every=1)
    config = replace(TINY, name="kept", data=Data(name="digits", outliers=0.5), training=training)
    run = train(config, tmp_path_factory.mktemp("runs"))
    evaluate_history(run)
    return run


@pytest.fixture
def run(kept: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(kept.path, tmp_path / "kept")))


def make_history(correct: np.ndarray, probability: np.ndarray | None = None) -> History:
    """A history of images of 1s, with weights of every second epoch."""
    epochs, count = correct.shape
    if probability is None:
        probability = np.where(correct, 0.75, 0.25)
    split = SplitHistory(
        np.where(correct, 1, 7).astype(np.uint8), probability.astype(np.float16), np.ones(count, np.int32)
    )
    numbers = range(2, 2 * epochs + 1, 2)
    return History(tuple(10 * n for n in numbers), tuple(numbers), {"test": split})


# ----------------------------------------------------------------------------------------- of a run


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_last_epoch_equals_the_evaluation(run: Run, split: str):
    result = evaluate(run, split, "latest")
    assert isinstance(result, Evaluation)
    history = histories.read(run)
    last = history.get_split(split)
    assert history.steps[-1] == result.step
    np.testing.assert_array_equal(last.labels, result.labels)
    np.testing.assert_array_equal(last.predicted[-1], result.logits.argmax(axis=1))
    label_probabilities = softmax(result.logits, axis=1)[np.arange(len(result.labels)), result.labels]
    np.testing.assert_array_equal(last.probability[-1], label_probabilities.astype(np.float16))
    assert last.summarize()["accuracy"][-1] == result.summary["accuracy"]


def test_accuracies_equal_the_logged_ones(kept: Run):
    history = histories.read(kept)
    logged = [line for line in kept.metrics() if line["split"] == "validation"]
    assert history.steps == tuple(line["step"] for line in logged)
    assert history.epochs == tuple(line["epoch"] for line in logged) == (1, 2, 3)
    accuracy = history.get_split("validation").summarize()["accuracy"]
    assert accuracy == pytest.approx([line["accuracy"] for line in logged], abs=1e-6)


def test_it_is_written_atomically_and_not_listed_as_an_evaluation(run: Run):
    assert {p.name for p in history_folder(run).iterdir()} == {"history.json", "history.npz"}
    assert {p.name for p in (run.path / "evaluation").iterdir()} == {"history"}
    assert run.evaluations() == []
    assert run.metric("accuracy", "test") is None
    written = read_json(history_folder(run) / "history.json")
    assert written.items() >= histories.read(run).summarize().items()
    before = histories.read(run)

    def interrupt(done: int, total: int) -> None:
        assert (done, total) == (1, 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_history(run, interrupt)
    assert {p.name for p in (run.path / "evaluation").iterdir()} == {"history"}
    np.testing.assert_array_equal(
        histories.read(run).get_split("test").predicted, before.get_split("test").predicted
    )


def test_epochs_with_deleted_weights_are_left_out(run: Run):
    first, second, third = histories.read(run).steps
    (run.weights / str(second) / "_CHECKPOINT_METADATA").write_text("{}")
    with pytest.raises(
        InputError, match=rf"is not what was written: delete .*{second} to leave its epoch out"
    ):
        evaluate_history(run)
    shutil.rmtree(run.weights / str(second))
    done: list[tuple[int, int]] = []
    result = evaluate_history(run, lambda *progress: done.append(progress))
    assert (result.steps, result.epochs) == ((first, third), (1, 3))
    assert done == [(1, 2), (2, 2)]


def test_a_refit_has_no_validation_split(run: Run):
    run = set_config(run, replace(run.config, data=replace(run.config.data, refit=True)))
    result = evaluate_history(run)
    assert set(result.splits) == set(histories.read(run).splits) == {"test"}
    with pytest.raises(InputError, match="no split 'validation': choose one of test"):
        result.get_split("validation")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip"])
def test_a_damaged_file_is_named_with_the_remedy(run: Run, content: bytes):
    (history_folder(run) / "history.npz").write_bytes(content)
    with pytest.raises(
        InputError, match=r"history\.npz: it is not what was written: .*evaluate kept --history"
    ):
        histories.read(run)


def test_runs_without_kept_weights_and_autoencoders_are_refused(tiny_run: Run, tiny_vae: Run):
    with pytest.raises(InputError, match=r"tiny: it has no history yet: write it with .*tiny --history"):
        histories.read(tiny_run)
    with pytest.raises(InputError, match=r"kept no weights .*: train it with --training\.keep-weights-every"):
        evaluate_history(tiny_run)
    with pytest.raises(InputError, match="vae is not a classifier"):
        evaluate_history(tiny_vae)
    assert not history_folder(tiny_run).exists()


# --------------------------------------------------------------------------------- learning dynamics


def test_learning_dynamics_by_hand():
    """Images that are always correct, learned late, forgotten twice, incorrect in the end, and never correct."""
    rows = [[1, 0, 1, 0, 0], [1, 0, 0, 1, 0], [1, 1, 1, 1, 0], [1, 1, 0, 1, 0], [1, 1, 1, 0, 0]]
    history = make_history(np.array(rows, bool))
    assert histories.first_correct_epoch(history, "test").tolist() == [2, 6, 2, 4, 0]
    assert histories.stays_correct_from(history, "test").tolist() == [2, 6, 10, 0, 0]
    assert histories.forgetting_events(history, "test").tolist() == [0, 0, 2, 1, 0]
    assert histories.most_forgotten_examples(history, "test", 9).tolist() == [2, 3]
    assert histories.most_forgotten_examples(history, "test", 1).tolist() == [2]
    assert histories.hardest_examples(history, "test", 2).tolist() == [4, 1]
    summary = history.summarize()
    assert (summary["steps"], summary["epochs"]) == ([20, 40, 60, 80, 100], [2, 4, 6, 8, 10])
    assert summary["splits"]["test"] == {
        "examples": 5,
        "accuracy": [0.4, 0.4, 0.8, 0.6, 0.6],
        "learned": [2, 1, 2, 0, 1],
        "forgotten": [0, 1, 0, 1, 1],
    }
    assert json.loads(json.dumps(summary)) == summary


def test_among_images_forgotten_equally_often_the_hardest_comes_first():
    correct = np.array([[1, 1, 1], [0, 0, 0]], bool)
    history = make_history(correct, np.array([[0.9, 0.5, 0.7], [0.3, 0.3, 0.3]]))
    assert histories.most_forgotten_examples(history, "test", 3).tolist() == [1, 2, 0]


@given(SHAPES)
def test_learning_dynamics_equal_a_direct_loop(shape: tuple[int, int, int]):
    epochs, count, seed = shape
    rng = np.random.default_rng(seed)
    history = make_history(rng.random((epochs, count)) < 0.6, rng.random((epochs, count)))
    correct = history.get_split("test").correct
    first, stays = (
        histories.first_correct_epoch(history, "test"),
        histories.stays_correct_from(history, "test"),
    )
    events = histories.forgetting_events(history, "test")
    for image in range(count):
        image_correct = correct[:, image].tolist()
        pairs = list(zip(history.epochs, image_correct, strict=True))
        assert first[image] == next((epoch for epoch, flag in pairs if flag), 0)
        candidates = [epoch for i, (epoch, _) in enumerate(pairs) if all(image_correct[i:])]
        assert stays[image] == min(candidates, default=0)
        assert events[image] == sum(a and not b for a, b in pairwise(image_correct))
    forgotten = histories.most_forgotten_examples(history, "test", 5).tolist()
    assert len(forgotten) == min(5, int((events > 0).sum()))
    assert sorted(events[forgotten], reverse=True) == sorted(events, reverse=True)[: len(forgotten)]
    means = history.get_split("test").probability.astype(float).mean(axis=0)
    hardest = histories.hardest_examples(history, "test", 5).tolist()
    assert means[hardest] == pytest.approx(np.sort(means)[:5], abs=1e-6)
    split = history.summarize()["splits"]["test"]
    changes = np.array(split["learned"]) - np.array(split["forgotten"])
    assert changes.cumsum() / count == pytest.approx(np.array(split["accuracy"]))
