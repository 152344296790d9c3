"""Checkpoints: the only module that uses Orbax.

A checkpoint is a folder named after its step with named parts, each a tree of arrays, and a manifest (see
`digitjax.runs.manifest`). Files are verified against it before Orbax reads them, because Orbax does not notice a
flipped byte in array data.
"""

import json
import logging
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import jax

from digitjax.errors import InputError, as_disk_error
from digitjax.runs import manifest
from digitjax.runs.checkpoints import candidates, list_checkpoints, score, warn_of_damage


def load(
    folder: Path, abstract: Mapping[str, Any], step: int | str = "latest", weights_folder: Path | None = None
) -> tuple[int, dict[str, Any]]:
    """Load parts of the preferred checkpoint of a step that is not damaged.

    Args:
        folder: folder of the checkpoints.
        abstract: for each part to load, its tree with shapes and dtypes in place of arrays.
        step: see `candidates`.
        weights_folder: see `candidates`.

    Returns:
        The step of the checkpoint, and its parts.

    Warns:
        UserWarning: a damaged checkpoint was passed over; the warning names the file.

    Raises:
        InputError: no checkpoint is left, or what is stored does not fit `abstract`.
    """
    damaged: list[str] = []
    for checkpoint in candidates(folder, step, weights_folder):
        if not (damage := checkpoint.damage()):
            for reason in damaged:
                warn_of_damage(reason, f"using step {checkpoint.step}")
            return checkpoint.step, _restore(checkpoint.path, abstract)
        damaged.append(damage)
    raise InputError(f"{folder}: every checkpoint is damaged: {'; '.join(damaged)}")


def has_checkpoint(folder: Path) -> bool:
    """Return whether a folder has a complete checkpoint; if it has only damaged ones, warn that they are not used."""
    found, unusable = manifest.find(folder)
    for damage in unusable.values() if not found else ():
        warn_of_damage(damage, "training from the first step")
    return bool(found)


def discard_after(folder: Path, step: int) -> None:
    """Delete what a resumed run writes again: interrupted saves, and all checkpoints after a step.

    Args:
        folder: folder of the checkpoints.
        step: last step to keep.
    """
    for path in folder.glob("[0-9]*"):
        finished = path.name.isdecimal() and (path / manifest.FILE).exists()
        if not finished or int(path.name) > step:
            shutil.rmtree(path)


class Writer:
    """Saves checkpoints in the background, one at a time; a context manager."""

    def __init__(
        self, folder: Path, *, keep_best: int | None = None, description: str = "", run_id: str = ""
    ):
        """Open a folder for writing.

        Args:
            folder: folder of the checkpoints, created if it does not exist.
            keep_best: number of best checkpoints to keep, besides the latest two; None keeps all.
            description: config as JSON, stored in every checkpoint.
            run_id: id of the run, stored in every manifest.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._checkpointer = _make_checkpointer()
        self._folder = folder
        self._keep_best = keep_best
        self._description = description
        self._run_id = run_id
        self._executor = ThreadPoolExecutor(1)
        self._pending: Future[None] | None = None

    def save(self, step: int, parts: Mapping[str, Any], metrics: Mapping[str, float] | None = None) -> None:
        """Start to save a checkpoint, after the previous save has ended.

        Args:
            step: step of the training.
            parts: trees of arrays by name.
            metrics: metrics on the validation split; a checkpoint without any is never among the best.

        Raises:
            OSError: this save could not start, or the previous one failed.
        """
        self.wait()
        if jax.process_count() > 1:
            parts = jax.device_get(parts)  # among several, Orbax takes no arrays that one process has alone
        path = (self._folder / str(step)).absolute()
        self._checkpointer.save(path, _as_arguments(parts), custom_metadata={"config": self._description})
        self._pending = self._executor.submit(self._finish, step, dict(metrics or {}))

    def _finish(self, step: int, metrics: dict[str, float]) -> None:
        path = self._folder / str(step)
        try:
            self._checkpointer.wait_until_finished()
        except Exception as error:  # tensorstore reports a full disk as a ValueError
            for partial in self._folder.glob(f"{step}.*"):
                shutil.rmtree(partial, ignore_errors=True)
            reason = as_disk_error(error, path)
            raise OSError(
                reason.errno, f"the checkpoint cannot be written: {reason.strerror}", str(path)
            ) from error
        manifest.write(path, step, metrics, self._run_id)
        self._discard_surplus()

    def _discard_surplus(self) -> None:
        """Delete all but the best and the latest two: the second latest in case the latest gets damaged."""
        if self._keep_best is None:
            return
        found = list_checkpoints(self._folder)
        ranked = sorted((c for c in found if c.metrics), key=lambda c: (score(c.metrics), c.step))
        kept = {c.step for c in (*found[-2:], *ranked[-self._keep_best :])}
        for checkpoint in found:
            if checkpoint.step not in kept:
                shutil.rmtree(checkpoint.path)

    def wait(self) -> None:
        """Wait for the pending save.

        Raises:
            OSError: it failed.
        """
        if self._pending is not None:
            pending, self._pending = self._pending, None
            pending.result()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = True
        try:
            self.wait()
            failed = error is not None
        finally:
            self._executor.shutdown()
            # After a failure Orbax raises it once more here, which would hide the reason given above.
            with suppress(Exception) if failed else nullcontext():
                self._checkpointer.close()


def forget_paths(folder: Path) -> None:
    """Delete the files in which Orbax stores the path of the folder, so that the checkpoints can be published.

    They can still be loaded, but no checkpoints can be added.
    """
    for checkpoint in list_checkpoints(folder):
        for file in checkpoint.path.rglob("commit_success.txt"):
            file.unlink()
        manifest.write(checkpoint.path, checkpoint.step, checkpoint.metrics, checkpoint.run_id)


def _require_shapes(path: Path, abstract: Mapping[str, Any]) -> None:
    """Refuse arrays of other shapes: where Orbax does, its other reads go on, and end in tracebacks."""
    for part, tree in abstract.items():
        stored = json.loads((path / part / "_METADATA").read_text())["tree_metadata"].values()
        shapes = {
            ".".join(str(key["key"]) for key in entry["key_metadata"]): entry["value_metadata"].get(
                "write_shape"
            )
            for entry in stored
        }
        for key, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
            name = jax.tree_util.keystr(key, simple=True, separator=".")
            if shapes.get(name) not in (None, list(leaf.shape)):
                raise InputError(
                    f"{path}: it does not fit the config of its run "
                    f"({part}.{name} is {tuple(shapes[name])}, not {leaf.shape})"
                )


def _restore(path: Path, abstract: Mapping[str, Any]) -> dict[str, Any]:
    _require_shapes(path, abstract)
    device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    placed = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=device), dict(abstract))
    ocp = _orbax().v1
    context = ocp.Context()
    context.multiprocessing.primary_host = jax.process_index()
    context.multiprocessing.active_processes = {jax.process_index()}
    try:
        with context:
            return ocp.load_checkpointables(path.absolute(), placed)
    except Exception as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise InputError(f"{path}: it does not fit the config of its run ({reason})") from error


def _orbax() -> Any:
    # Imported late, since the import takes most of a second.
    import orbax.checkpoint

    logging.getLogger("absl").setLevel(logging.CRITICAL)  # it logs the errors that it also raises
    return orbax.checkpoint


def _make_checkpointer() -> Any:
    """Return a checkpointer that does not wait for other processes, as that of Orbax's interface v1 always does."""
    ocp, mine = _orbax(), jax.process_index()
    alone = ocp.options.MultiprocessingOptions(primary_host=mine, active_processes={mine})
    handler = ocp.CompositeCheckpointHandler(
        composite_options=ocp.CompositeOptions(multiprocessing_options=alone)
    )
    return ocp.AsyncCheckpointer(handler, multiprocessing_options=alone)


def _as_arguments(parts: Mapping[str, Any]) -> Any:
    args = _orbax().args
    return args.Composite(**{name: args.StandardSave(tree) for name, tree in parts.items()})
