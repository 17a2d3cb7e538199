"""NiN 2 x WIDTH with LSQ in PyTorch: one pass for each line on standard input; answers with seconds.

Usage: python3 torch_step.py MODE WIDTH BITS BATCH (train: a training step, eval: an evaluation pass; 32 bits: float).
The first answer is PyTorch's version.
"""

import math
import sys
import time

import torch_alone  # noqa: F401  before torch, whose process it prepares

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
mode = sys.argv[1]
width, bits, batch = map(int, sys.argv[2:])


class RoundStraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, g):
        return g


class QuantizedConv(nn.Conv2d):
    """Its weights quantized to `bits` bits, with a learned step."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.qn, self.qp = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        self.step = nn.Parameter(2 * self.weight.detach().abs().mean() / math.sqrt(self.qp))

    def forward(self, x):
        g = 1 / math.sqrt(self.weight.numel() * self.qp)
        s = (self.step - self.step * g).detach() + self.step * g
        w = RoundStraightThrough.apply(torch.clamp(self.weight / s, self.qn, self.qp)) * s
        return F.conv2d(x, w, self.bias, self.stride, self.padding)


def nin(depth):
    conv = nn.Conv2d if bits == 32 else QuantizedConv
    layer = lambda i, o, *window: [conv(i, o, *window), nn.BatchNorm2d(o), nn.ReLU()]
    c = 25 * width
    blocks = [layer(3 if d == 0 else c, c, 3, 2, 1) + layer(c, c, 1) + layer(c, c, 1) for d in range(depth)]
    return nn.Sequential(*sum(blocks, []), *layer(c, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


net = nin(2)
optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
x, y = torch.randn(batch, 3, 32, 32), torch.randint(0, 10, (batch,))


def train():
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    loss.item()


def evaluate():
    with torch.no_grad():
        logits = net(x)
        F.cross_entropy(logits, y).item()
        (logits.argmax(1) == y).sum().item()


net.train(mode == "train")
run = {"train": train, "eval": evaluate}[mode]
print(torch.__version__, flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    run()
    print(time.perf_counter() - began, flush=True)
