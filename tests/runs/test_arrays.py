"""Arrays are read safely from damaged and malicious files."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from digitjax.runs.arrays import read_arrays


class Malicious:
    def __reduce__(self):
        return pytest.fail, ("a file ran code",)


def test_arrays_are_read(tmp_path: Path):
    np.savez(tmp_path / "a.npz", a=np.arange(3), b=np.eye(2))
    assert {key: array.tolist() for key, array in read_arrays(tmp_path / "a.npz").items()} == {
        "a": [0, 1, 2],
        "b": [[1, 0], [0, 1]],
    }


def test_nothing_is_unpickled(tmp_path: Path):
    np.savez(tmp_path / "a.npz", a=np.array([Malicious()], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_arrays(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(zipfile.BadZipFile):
        read_arrays(tmp_path / "b.npz")


def test_a_file_that_is_too_large_uncompressed_is_refused_beforehand(tmp_path: Path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1_000_000))
    assert (tmp_path / "a.npz").stat().st_size < 20_000
    with pytest.raises(ValueError, match="larger than 100,000 bytes"):
        read_arrays(tmp_path / "a.npz", max_bytes=100_000)
