"""Checkpoints: which are kept, which is selected, and that damage is never overlooked."""

import json
import shutil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from orbax.checkpoint import AsyncCheckpointer

from digitjax.errors import InputError
from digitjax.model import checkpoint
from digitjax.runs import checkpoints

ABSTRACT = {"weights": {"w": jax.ShapeDtypeStruct((1000,), jnp.float32)}}


def tree(step: int) -> dict[str, Any]:
    return {"weights": {"w": jnp.arange(1000.0) * step}, "optimizer": {"step": jnp.int32(step)}}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Steps 10, 20 and 30, of which 20 is the best."""
    folder = tmp_path_factory.mktemp("saved") / "checkpoints"
    with checkpoint.Writer(folder, keep_best=1, description="{}") as writer:
        for step, accuracy in ((10, 0.5), (20, 0.9), (30, 0.7)):
            writer.save(step, tree(step), {"accuracy": accuracy, "loss": 1.0})
    return folder


@pytest.fixture
def copied(saved: Path, tmp_path: Path) -> Path:
    shutil.copytree(saved, tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


def load(folder: Path, step: int | str = "latest") -> tuple[int, np.ndarray]:
    used, parts = checkpoint.load(folder, ABSTRACT, step)
    return used, np.asarray(parts["weights"]["w"])


def files(step: int, folder: Path) -> list[Path]:
    return sorted(p for p in (folder / str(step)).rglob("*") if p.is_file())


@pytest.mark.parametrize(("step", "used"), [("latest", 30), ("best", 20), (20, 20), ("30", 30)])
def test_a_step_is_selected_by_number_or_score(saved: Path, step: int | str, used: int):
    found, weights = load(saved, step)
    assert found == used
    np.testing.assert_array_equal(weights, np.arange(1000.0) * used)


def test_the_best_and_the_latest_two_are_kept(tmp_path: Path):
    with checkpoint.Writer(tmp_path / "c", keep_best=1) as writer:
        for step, accuracy in ((1, 0.9), (2, 0.1), (3, 0.5), (4, 0.2), (5, 0.3)):
            writer.save(step, tree(step), {"accuracy": accuracy})
        writer.save(6, tree(6))
    assert [c.step for c in checkpoints.list_checkpoints(tmp_path / "c")] == [1, 5, 6]


def test_without_keep_best_all_are_kept(tmp_path: Path):
    with checkpoint.Writer(tmp_path / "c") as writer:
        for step in (1, 2, 3, 4):
            writer.save(step, tree(step))
    assert [c.step for c in checkpoints.list_checkpoints(tmp_path / "c")] == [1, 2, 3, 4]


def test_of_equal_scores_the_later_step_is_the_best(tmp_path: Path):
    with checkpoint.Writer(tmp_path / "c", keep_best=2) as writer:
        for step in (1, 2):
            writer.save(step, tree(step), {"accuracy": 0.5})
    assert load(tmp_path / "c", "best")[0] == 2


@pytest.mark.parametrize("damage", ["flip", "truncate", "delete"])
def test_any_damage_to_any_file_falls_back_to_the_older_step(copied: Path, damage: str):
    """There is no other warning, so Orbax has not read the damaged file."""
    pristine = copied.with_name("pristine")
    copied.rename(pristine)
    paths = files(30, pristine)
    assert len(paths) > 10
    for path in paths:
        shutil.copytree(pristine, copied)
        damaged = copied / path.relative_to(pristine)
        content = bytearray(damaged.read_bytes())
        content[len(content) // 2] ^= 4
        if damage == "flip":
            damaged.write_bytes(content)
        elif damage == "truncate":
            damaged.write_bytes(content[: len(content) // 2])
        else:
            damaged.unlink()
        with pytest.warns(UserWarning, match=r"damaged checkpoint: .*30.*: using step 20"):
            used, weights = load(copied)
        assert used == 20
        np.testing.assert_array_equal(weights, np.arange(1000.0) * 20)
        shutil.rmtree(copied)


DAMAGED_MANIFESTS = {
    "emptied": (lambda _: b"", "it is not JSON"),
    "zeroed": (lambda content: bytes(len(content)), "it is not JSON"),
    "cut": (lambda content: content[: len(content) // 2], "it is not JSON"),
    "lower accuracy": (
        lambda content: content.replace(b"0.9", b"0.1"),
        "its content is not what was written",
    ),
    "another step": (
        lambda content: content.replace(b'"step": 20', b'"step": 21'),
        "is not what was written",
    ),
    "no files": (lambda _: b'{"step": 20, "metrics": {}}', "files: field required"),
    "a list for files": (
        lambda _: b'{"step": 20, "metrics": {}, "files": []}',
        "files: input should be a valid",
    ),
    "a number for a checksum": (
        lambda _: b'{"step": 20, "metrics": {}, "files": {"_METADATA": 1}}',
        "files._METADATA: input should be a valid string",
    ),
    "a string for an accuracy": (
        lambda _: b'{"step": 20, "metrics": {"accuracy": "0.9"}, "files": {}}',
        "metrics.accuracy: input should be a valid number",
    ),
    "a list": (lambda _: b"[20]", "it must hold a JSON object"),
    "the step of another folder": (
        lambda _: b'{"step": 10, "metrics": {}, "files": {}}',
        "is that of step 10",
    ),
}


@pytest.mark.parametrize("damage", DAMAGED_MANIFESTS)
def test_a_best_checkpoint_with_a_damaged_manifest_is_named_and_not_used(copied: Path, damage: str):
    change, reason = DAMAGED_MANIFESTS[damage]
    file = copied / "20/manifest.json"
    file.write_bytes(change(file.read_bytes()))
    with pytest.warns(UserWarning, match=f"20/manifest.json.* {reason}.*: using step 30: restore the file"):
        used, _ = load(copied, "best")
    assert used == 30
    assert load(copied, "latest")[0] == 30  # without a warning: an older step is of no interest
    with pytest.raises(
        InputError, match=f"every checkpoint is damaged: .*20/manifest.json.* {reason}"
    ) as error:
        load(copied, 20)
    assert "\n" not in str(error.value)


def test_a_manifest_of_an_earlier_version_has_no_checksum_of_its_own(copied: Path):
    file = copied / "20/manifest.json"
    content = json.loads(file.read_text())
    del content["sha256"]
    file.write_text(json.dumps(content))
    assert load(copied, "best")[0] == 20


def test_where_every_step_is_damaged_the_error_names_the_files(copied: Path):
    for step in (20, 30):
        files(step, copied)[-1].write_bytes(b"")
    with pytest.raises(InputError, match=r"every checkpoint is damaged: .*30.*; .*20.*"):
        load(copied)


def test_a_numbered_step_is_not_replaced_by_another(copied: Path):
    files(20, copied)[-1].write_bytes(b"")
    with pytest.raises(InputError, match="every checkpoint is damaged"):
        load(copied, 20)


def test_a_missing_checkpoint_and_an_unknown_step_are_refused(saved: Path, tmp_path: Path):
    with pytest.raises(InputError, match="there is no checkpoint yet"):
        load(tmp_path)
    with pytest.raises(InputError, match="there is no step 'x': choose latest, best or one of 20, 30"):
        load(saved, "x")


def test_a_numbered_step_may_be_in_the_folder_of_weights_or_undamaged_there_alone(copied: Path):
    weights_folder = copied.with_name("weights")
    shutil.copytree(copied, weights_folder)
    shutil.rmtree(copied / "20")
    assert checkpoint.load(copied, ABSTRACT, 20, weights_folder)[0] == 20
    assert [c.path.parent for c in checkpoints.candidates(copied, "best", weights_folder)] == [copied]
    files(30, copied)[-1].write_bytes(b"")
    with pytest.warns(UserWarning, match="damaged checkpoint: .*: using step 30"):
        assert checkpoint.load(copied, ABSTRACT, "30", weights_folder)[0] == 30


def test_weights_of_another_network_are_refused(saved: Path):
    abstract = {"weights": {"other": jax.ShapeDtypeStruct((2,), jnp.float32)}}
    with pytest.raises(InputError, match="does not fit the config of its run"):
        checkpoint.load(saved, abstract)


def test_weights_of_another_shape_are_named_before_any_are_read(saved: Path):
    abstract = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((7, *leaf.shape), leaf.dtype), ABSTRACT)
    with pytest.raises(
        InputError, match=r"does not fit the config of its run \(\w+\.\w.* is \(.*\), not \(7"
    ):
        checkpoint.load(saved, abstract)


def test_an_interrupted_save_is_not_listed_and_is_discarded(copied: Path):
    (copied / "30/manifest.json").unlink()
    (copied / "40.orbax-checkpoint-tmp").mkdir()
    assert [c.step for c in checkpoints.list_checkpoints(copied)] == [20]
    checkpoint.discard_after(copied, 20)
    assert sorted(p.name for p in copied.iterdir()) == ["20"]


def test_a_discarded_step_can_be_saved_again(copied: Path):
    checkpoint.discard_after(copied, 20)
    with checkpoint.Writer(copied, keep_best=1) as writer:
        writer.save(30, tree(7), {"accuracy": 0.95})
    used, weights = load(copied, "best")
    assert used == 30
    np.testing.assert_array_equal(weights, np.arange(1000.0) * 7)


def test_a_failed_save_gives_the_reason_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(checkpointer: Any) -> None:
        raise ValueError("RESOURCE_EXHAUSTED: No space left on device")

    monkeypatch.setattr(AsyncCheckpointer, "save", lambda *_, **__: None)
    monkeypatch.setattr(AsyncCheckpointer, "wait_until_finished", fail)
    writer = checkpoint.Writer(tmp_path / "c", keep_best=1)
    (tmp_path / "c/5.partial").mkdir()
    with pytest.raises(OSError, match="cannot be written: No space left on device"), writer:
        writer.save(5, tree(5))
    assert not list((tmp_path / "c").glob("5*"))
