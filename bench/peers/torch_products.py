"""Matrix products in PyTorch on one thread: "product SIZE" on standard input, answered with seconds."""

import sys
import time

import torch_alone  # noqa: F401  before torch, whose process it prepares

import torch

torch.set_num_threads(1)
print(torch.__version__, flush=True)
operands = {}
for line in sys.stdin:
    size = int(line.split()[1])
    if size not in operands:
        operands[size] = torch.rand(size, size), torch.rand(size, size)
    a, b = operands[size]
    began = time.perf_counter()
    a @ b
    print(time.perf_counter() - began, flush=True)
