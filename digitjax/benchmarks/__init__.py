"""Benchmarks: digitjax beside PyTorch and onnxruntime in interleaved rounds of one run, and its reading alone.

harness.py          processes, rounds, table, JSON: how everything is measured
suites.py           what is compared with what
task.py             the network, the pictures and the clock that all contestants share
run_digitjax.py, run_pytorch.py, run_onnxruntime.py    the contestants
reading.py          reading of pictures, from the smallest to the largest: digitjax alone
"""
