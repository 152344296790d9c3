"""Benchmarks: digitjax beside PyTorch and ONNX Runtime in interleaved rounds, and its reading of pictures.

harness.py          processes, rounds, table, JSON: how everything is measured
suites.py           which benchmarks are compared
task.py             the network, the images and the timing that all of them share
run_digitjax.py, run_pytorch.py, run_onnxruntime.py    training and inference in each framework
reading.py          reading of pictures, from the smallest to the largest: digitjax alone
peer.py             accuracy and time on a folder of labelled pictures: digitjax and RapidOCR
"""
