"""Benchmarks run in interleaved rounds, ratios are correct, and all frameworks compute the same."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from digitjax import cli
from digitjax.benchmarks import harness, reading, suites, task
from digitjax.benchmarks.harness import Benchmark, Suite
from digitjax.data.normalize import normalize
from digitjax.errors import InputError
from digitjax.recognition import recognizer


def test_every_benchmark_is_measured_in_every_round():
    benchmarks = [
        Benchmark(name, "run_digitjax:matrix_product", {"size": size})
        for name, size in (("a", 64), ("b", 256))
    ]
    reports: list[str] = []
    rows = harness.run_suite(Suite("peak", benchmarks, "GFLOP/s", higher_is_better=True), 3, reports.append)
    assert [row["benchmark"] for row in rows] == ["a", "b"]
    assert all(len(row["rounds"]) == 3 and min(row["rounds"]) > 0 for row in rows)
    assert rows[0]["quartiles"][0] <= rows[0]["median"] <= rows[0]["quartiles"][1]
    assert reports[-1] == "peak: round 3 of 3"


@pytest.mark.parametrize("higher", [True, False])
def test_ratios_are_against_the_best_peer_of_each_allocator(higher: bool):
    benchmarks = [
        Benchmark("ours", "run_digitjax:x", {}),
        Benchmark("slow", "run_pytorch:x", {}),
        Benchmark("fast", "run_pytorch:x", {}),
        Benchmark("fast", "run_pytorch:x", {}, "tuned"),
    ]
    values = [8.0, 2.0, 4.0, 16.0] if higher else [2.0, 8.0, 4.0, 1.0]
    results = [[{"m": value, "accuracy": 1.0}] * 2 for value in values]
    rows = harness.summarize_rounds(Suite("s", benchmarks, "u", higher), results, [1.0] * 4)
    ours = rows[0]
    assert ours["ratio_to_best_peer_default"] == 2.0
    assert ours["ratio_to_best_peer_tuned"] == 0.5
    assert "ratio_to_best_peer_default" not in rows[1]  # an accuracy is no speed
    assert "2.00, 0.50" in harness.format_table(Suite("s", benchmarks, "u", higher), rows)


def test_the_columns_of_a_table_stay_apart_however_long_their_numbers_are():
    benchmarks = [Benchmark(name, "run_pytorch:x", {}) for name in ("one", "another of a long name, " * 2)]
    suite = Suite("s", benchmarks, "u", higher_is_better=True)
    rows = harness.summarize_rounds(suite, [[{"m" * 30: 123_456.7}] * 3] * 2, [1.0, 1.0])
    _, header, *lines = harness.format_table(suite, rows).splitlines()
    assert all(len(re.split(r" {2,}", line.strip())) == 6 for line in lines)
    assert {line.index("default") for line in lines} == {header.index("allocator")}
    machine = harness.format_machine(harness.describe_machine())
    assert re.match(r"on \d+ CPUs of .+, load \d.*: digitjax ", machine)


def test_a_failing_benchmark_is_reported():
    broken = Suite(
        "s",
        [Benchmark("broken", "run_digitjax:speedrun", {"experiment": "nowhere", "tta": "none"})],
        "u",
        True,
    )
    with pytest.raises(InputError, match="bench: broken stopped"):
        harness.run_suite(broken, 1, lambda text: None)


@pytest.mark.parametrize("suite", suites.SUITES.values(), ids=str)
def test_every_benchmark_names_an_existing_function(suite: Suite):
    for benchmark in suite.benchmarks:
        module, function = benchmark.task.split(":")
        source = (harness.__file__).replace("harness", module)
        with open(source) as file:
            assert f"def {function}(" in file.read()


def test_all_frameworks_compute_the_same_logits():
    images = np.asarray(task.load_examples(9).images)
    network, weights = task.network()
    expected = network(weights, normalize(images))[0]
    pytest.importorskip("torch", reason="the extra bench is not installed")
    pytest.importorskip("onnxruntime", reason="the extra bench is not installed")
    from digitjax.benchmarks import run_onnxruntime, run_pytorch

    np.testing.assert_allclose(run_onnxruntime.predictor()(images), expected, atol=1e-4)
    for channels_last in (False, True):
        np.testing.assert_allclose(run_pytorch.predictor(channels_last, False)(images), expected, atol=1e-4)


def test_flops_equal_the_definition():
    convolutions = [(28 * 28, 1, 32, 2), (14 * 14, 32, 64, 3)]  # pixels, channels in and out, passes
    flops = sum(passes * 2 * pixels * 9 * c * o for pixels, c, o, passes in convolutions)
    flops += 3 * 2 * (3136 * 256 + 256 * 10)
    assert flops * 128 == task.STEP_FLOPS
    benchmarks = [Benchmark("peak", "run_digitjax:x", {}), Benchmark("ours", "run_digitjax:x", {})]
    suite = Suite("s", benchmarks, "u", False, flops=3_000_000_000)
    rows = harness.summarize_rounds(suite, [[{"GFLOP/s": 200.0}], [{"ms per step": 30.0}]], [0.0, 0.0])
    assert rows[1]["share_of_peak"] == pytest.approx(0.5)


def test_the_command_prints_a_table_and_writes_json(tmp_path, monkeypatch, capsys):
    peak = Suite("scaling", [suites.PEAK], "GFLOP/s", higher_is_better=True)
    monkeypatch.setitem(suites.SUITES, "scaling", peak)
    cli.main(["bench", "scaling", "--rounds", "2", "--json", str(tmp_path / "bench.json")])
    assert "matrix product" in capsys.readouterr().out
    assert '"median"' in (tmp_path / "bench.json").read_text()


def test_warm_reading_is_timed_and_finds_every_digit():
    values = reading.small_png(reads=3)()
    assert 0 < values["ms, p50"] <= values["ms, p99"]
    reader = recognizer.load()
    for size, lines in (((400, 300), ["35028"]), ((600, 450), ["314", "592"])):
        photo = reading.encode(reading.draw_photo(*size, lines), "JPEG")
        found = [digit.line for digit in reader.read(photo).digits]
        assert [found.count(number) for number in range(len(lines))] == [len(line) for line in lines]


def test_time_and_memory_of_a_cold_start_are_measured():
    values = reading.large_png_cold_start(300, 200)()
    assert values["ms, cold start"] > 100
    assert 100 < values["peak memory (MB)"] < 1000


def test_the_16_bit_png_shows_one_digit():
    with Image.open(io.BytesIO(reading.make_16_bit_png(300, 200))) as image:
        assert (image.mode, image.size) == ("I;16", (300, 200))
        shrunk = np.asarray(image)[::2, ::3] // 257
    np.testing.assert_array_equal(shrunk, reading.draw_digit(100))


def test_standalone_suites_need_no_extra(monkeypatch, capsys):
    assert suites.SUITES.keys() >= suites.STANDALONE
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(harness, "run_suite", lambda *_: [])
    cli.main(["bench", *sorted(suites.STANDALONE)])
    assert "reading" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["bench", "reading", "training"])
    assert "pip install 'digitjax[bench]'" in capsys.readouterr().err
