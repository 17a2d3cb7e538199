"""PyTorch on one thread, at its best: import it before torch.

glibc gives large blocks back to the system after each use. Where page faults are slow, to take them again takes longer
than to compute with them: up to four times the time of a step was seen. So the process keeps its memory.
"""

import ctypes
import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
libc = ctypes.CDLL(None)
if hasattr(libc, "mallopt"):
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, -1)
    libc.mallopt(M_TOP_PAD, 1 << 28)
