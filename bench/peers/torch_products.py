"""Matrix products in PyTorch on one thread: "product SIZE" on standard input, answered with seconds."""

import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when torch is imported

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
