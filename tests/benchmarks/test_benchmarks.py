"""Benchmarks: fair rounds, right ratios, and contestants that compute the same."""

import io

import numpy as np
import pytest
from PIL import Image

from digitjax import cli
from digitjax.benchmarks import harness, reading, suites, task
from digitjax.benchmarks.harness import Contestant, Suite
from digitjax.data.pipeline import normalize
from digitjax.errors import InputError
from digitjax.recognition import recognizer


def test_the_harness_measures_in_processes_and_compares_with_the_best_peer():
    contestants = [
        Contestant(name, "run_digitjax:matrix_product", {"size": size})
        for name, size in (("a", 64), ("b", 256))
    ]
    seen: list[str] = []
    rows = harness.run(Suite("peak", contestants, "GFLOP/s", higher_is_better=True), 3, seen.append)
    assert [row["contestant"] for row in rows] == ["a", "b"]
    assert all(len(row["rounds"]) == 3 and min(row["rounds"]) > 0 for row in rows)
    assert rows[0]["quartiles"][0] <= rows[0]["median"] <= rows[0]["quartiles"][1]
    assert seen[-1] == "peak: round 3 of 3"


@pytest.mark.parametrize("higher", [True, False])
def test_ratios_are_against_the_best_peer_of_each_allocator(higher: bool):
    contestants = [
        Contestant("ours", "run_digitjax:x", {}),
        Contestant("slow", "run_pytorch:x", {}),
        Contestant("fast", "run_pytorch:x", {}),
        Contestant("fast", "run_pytorch:x", {}, "tuned"),
    ]
    values = [8.0, 2.0, 4.0, 16.0] if higher else [2.0, 8.0, 4.0, 1.0]
    results = [[{"m": value, "accuracy": 1.0}] * 2 for value in values]
    rows = harness._rows(Suite("s", contestants, "u", higher), results, [1.0] * 4)
    ours = rows[0]
    assert ours["against_best_peer_default"] == 2.0
    assert ours["against_best_peer_tuned"] == 0.5
    assert "against_best_peer_default" not in rows[1]  # an accuracy is no speed
    assert "2.00, 0.50" in harness.table(Suite("s", contestants, "u", higher), rows)


def test_a_contestant_that_fails_is_named():
    broken = Suite(
        "s",
        [Contestant("broken", "run_digitjax:speedrun", {"experiment": "nowhere", "tta": "none"})],
        "u",
        True,
    )
    with pytest.raises(InputError, match="bench: broken stopped"):
        harness.run(broken, 1, lambda text: None)


@pytest.mark.parametrize("suite", suites.SUITES.values(), ids=str)
def test_every_contestant_names_a_function_that_exists(suite: Suite):
    for contestant in suite.contestants:
        module, function = contestant.task.split(":")
        source = (harness.__file__).replace("harness", module)
        with open(source) as file:
            assert f"def {function}(" in file.read()


def test_all_contestants_compute_the_same_logits():
    images = np.asarray(task.pictures(9).images)
    network, weights = task.network()
    expected = network(weights, normalize(images))[0]
    pytest.importorskip("torch", reason="the extra bench is not installed")
    pytest.importorskip("onnxruntime", reason="the extra bench is not installed")
    from digitjax.benchmarks import run_onnxruntime, run_pytorch

    np.testing.assert_allclose(run_onnxruntime.predictor()(images), expected, atol=1e-4)
    for channels_last in (False, True):
        np.testing.assert_allclose(run_pytorch.predictor(channels_last, False)(images), expected, atol=1e-4)


def test_flops_are_those_of_the_definition():
    convolutions = [(28 * 28, 1, 32, 2), (14 * 14, 32, 64, 3)]  # pixels, channels in and out, passes
    flops = sum(passes * 2 * pixels * 9 * c * o for pixels, c, o, passes in convolutions)
    flops += 3 * 2 * (3136 * 256 + 256 * 10)
    assert flops * 128 == task.STEP_FLOPS
    contestants = [Contestant("peak", "run_digitjax:x", {}), Contestant("ours", "run_digitjax:x", {})]
    suite = Suite("s", contestants, "u", False, flops=3_000_000_000)
    rows = harness._rows(suite, [[{"GFLOP/s": 200.0}], [{"ms a step": 30.0}]], [0.0, 0.0])
    assert rows[1]["share_of_peak"] == pytest.approx(0.5)


def test_the_command_prints_a_table_and_writes_json(tmp_path, monkeypatch, capsys):
    peak = Suite("scaling", [suites.PEAK], "GFLOP/s", higher_is_better=True)
    monkeypatch.setitem(suites.SUITES, "scaling", peak)
    cli.main(["bench", "scaling", "--rounds", "2", "--json", str(tmp_path / "bench.json")])
    assert "matrix product" in capsys.readouterr().out
    assert '"median"' in (tmp_path / "bench.json").read_text()


def test_reading_is_timed_warm_and_every_digit_of_its_pictures_is_found():
    measured = reading.small(reads=3)()
    assert 0 < measured["ms, p50"] <= measured["ms, p99"]
    reader = recognizer.load()
    for size, lines in (((400, 300), ["35028"]), ((600, 450), ["314", "592"])):
        photo = reading.encode(reading.photograph(*size, lines), "JPEG")
        found = [digit.line for digit in reader.read(photo).digits]
        assert [found.count(number) for number in range(len(lines))] == [len(line) for line in lines]


def test_a_cold_start_is_timed_with_its_memory():
    measured = reading.deep_from_cold(300, 200)()
    assert measured["ms from cold"] > 100
    assert 100 < measured["peak memory (MB)"] < 1000


def test_the_deep_picture_is_one_digit_in_16_bit_grey():
    with Image.open(io.BytesIO(reading.deep_png(300, 200))) as image:
        assert (image.mode, image.size) == ("I;16", (300, 200))
        shrunk = np.asarray(image)[::2, ::3] // 257
    np.testing.assert_array_equal(shrunk, reading.drawing(100))


def test_suites_without_peers_need_no_extra(monkeypatch, capsys):
    assert suites.SUITES.keys() >= suites.ALONE
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(harness, "run", lambda *_: [])
    cli.main(["bench", *sorted(suites.ALONE)])
    assert "reading" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["bench", "reading", "training"])
    assert "pip install 'digitjax[bench]'" in capsys.readouterr().err
