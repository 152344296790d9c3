"""Packed networks, run by ONNX Runtime: a process that only reads pictures starts in a third of the time of JAX's."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from digitjax.errors import InputError, warn
from digitjax.runs import Run, integrity
from digitjax.runs.files import read_bytes

FILE, RECORD = "model.onnx", "model.json"
"""Of a packed run: the program from images to logits, and its step and SHA-256."""
_CHUNK = 64
"""Images at once, whose features then stay in the processor's cache."""

_num_threads = 0  # as many as there are cores


def set_num_threads(count: int) -> None:
    """Set the number of threads of each program that is loaded from here on, as `torch.set_num_threads` does.

    Args:
        count: threads; 0 are as many as there are cores.
    """
    global _num_threads
    _num_threads = count


class OnnxModel:
    """A program in a file of the format ONNX, on the CPU; any number of threads may call it at once."""

    def __init__(self, path: Path):
        """Load a program.

        Args:
            path: of the file.

        Raises:
            InputError: the file is missing, or holds no program.
        """
        import onnxruntime  # only here, as networks in checkpoints do not need it

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what is wrong is raised
        options.intra_op_num_threads = _num_threads
        # Threads that wait for work keep the processor busy, from which other processes suffer: not for long.
        options.add_session_config_entry("session.intra_op.spin_duration_us", "1000")
        try:
            self._session = onnxruntime.InferenceSession(
                read_bytes(path), options, providers=["CPUExecutionProvider"]
            )
        except (RuntimeError, ValueError) as error:  # of which ONNX Runtime's errors are
            raise InputError(f"{path}: ONNX Runtime cannot load it: {str(error).splitlines()[0]}") from None
        self._input = self._session.get_inputs()[0].name

    def __call__(self, inputs: np.ndarray) -> list[np.ndarray]:
        """Run the program.

        Args:
            inputs: of the shape and dtype that the program takes.

        Returns:
            Its outputs.
        """
        return self._session.run(None, {self._input: inputs})


class OnnxClassifier:
    """The network of a packed run, as a function from images to logits."""

    def __init__(self, model: OnnxModel, step: int):
        """Wrap a program.

        Args:
            model: from uint8 (n, 28, 28) to logits, float32 (n, classes).
            step: of its weights.
        """
        self.step = step
        self._model = model

    def __call__(self, images: UInt8[np.ndarray, "n 28 28"]) -> Float32[np.ndarray, "n classes"]:
        """Compute the logits of images.

        Args:
            images: uint8 (n, 28, 28).

        Returns:
            Logits, float32 (n, classes).
        """
        starts: Iterable[int] = range(0, max(1, len(images)), _CHUNK)
        parts = [self._model(images[start : start + _CHUNK])[0] for start in starts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def load(run: Run, step: int | str = "best") -> OnnxClassifier | None:
    """Load the packed network of a run.

    Args:
        run: a run.
        step: a step, `latest`, or `best`, of which a packed run has one.

    Returns:
        The network; None if the run has none of this step, or it is damaged.

    Warns:
        UserWarning: it is damaged.
    """
    record = run.path / RECORD
    if not record.exists() and not (run.path / FILE).exists():
        return None
    try:
        own = read_record(run)
        if str(step) not in ("best", "latest", str(own)):
            return None
        return OnnxClassifier(OnnxModel(run.path / FILE), own)
    except InputError as error:
        warn(f"{error}: JAX reads its checkpoint instead, which starts slower: restore it from a copy")
        return None


def read_record(run: Run) -> int:
    """Return the step of a packed network.

    Raises:
        InputError: the record is missing or damaged, or the network is not the one that was packed.
    """
    content = integrity.read_own(run, run.path / RECORD)
    for problem in integrity.find_changed(run.path, content.get("files", {FILE: ""})):
        raise InputError(problem)
    step = content.get("step")
    if not isinstance(step, int):
        raise InputError(f"{run.path / RECORD}: it names no step")
    return step
