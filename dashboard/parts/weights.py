"""The key of a run's weights in caches; needs no JAX."""

from pathlib import Path
from typing import NamedTuple

from digitjax.runs import Run
from digitjax.runs.checkpoints import find_checkpoint


class Weights(NamedTuple):
    """Key of the weights of a run in caches; it changes when the run is trained again."""

    path: str
    step: int
    written_ns: int
    """When the checkpoint was written, in nanoseconds."""

    @property
    def run(self) -> Run:
        """The run that the weights belong to."""
        return Run(Path(self.path))


def find_weights(run: Run, step: int | str = "best") -> Weights:
    """Return the key of the weights of a run.

    Args:
        run: a trained run.
        step: of training, or `best`.

    Raises:
        InputError: the run is damaged, or has no such checkpoint.
    """
    _ = run.config
    checkpoint = find_checkpoint(run, step)
    return Weights(str(run.path.absolute()), checkpoint.step, checkpoint.path.stat().st_mtime_ns)
