"""Schedules and losses of fine-tuning in PyTorch: torch.optim.lr_scheduler, label smoothing, soft targets.

Writes recipe.json into the folder above this one (or into the folder given as argument). README.md there says more.
Run: python3 recipe.py
"""

import json
import os
import sys

import torch
from torch.nn import functional as F
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, MultiStepLR, SequentialLR

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def rates(lr, epochs, make):
    """The rate of each epoch."""
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = make(optimizer)
    found = []
    for _ in range(epochs):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def warm_cosine(epochs, warmup, start, floor):
    def make(optimizer):
        cosine = CosineAnnealingLR(optimizer, T_max=epochs - warmup, eta_min=floor)
        if warmup == 0:
            return cosine
        line = LinearLR(optimizer, start_factor=start, total_iters=warmup)
        return SequentialLR(optimizer, [line, cosine], milestones=[warmup])

    return make


def cosine_case(lr, epochs, warmup, start, floor):
    found = rates(lr, epochs, warm_cosine(epochs, warmup, start, floor))
    return {"lr": lr, "epochs": epochs, "warmup": warmup, "start": start, "floor": floor, "rates": found}


def loss_case(logits, loss):
    z = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    value = loss(z)
    value.backward()
    return {"loss": value.item(), "grad": z.grad.flatten().tolist()}


LOGITS = [[0.5, -1.25, 2.0, 0.0], [3.0, 3.0, -2.0, 0.75], [-40.0, 90.0, 10.0, 0.25]]
LABELS = [2, 0, 3]
TARGETS = [[0.1, 0.2, 0.3, 0.4], [0.0, 1.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]]

labels, targets = torch.tensor(LABELS), torch.tensor(TARGETS, dtype=torch.float64)
result = {
    "torch": torch.__version__,
    "multi_step": {
        "lr": 0.01,
        "milestones": [30, 60, 90],
        "gamma": 0.1,
        "rates": rates(0.01, 120, lambda o: MultiStepLR(o, [30, 60, 90], gamma=0.1)),
    },
    "cosine": [
        cosine_case(5e-4, 150, 0, 0.01, 0.0),
        cosine_case(0.1, 30, 5, 0.01, 1e-3),
        cosine_case(1e-3, 12, 1, 0.25, 1e-5),
    ],
    "logits": LOGITS,
    "labels": LABELS,
    "targets": TARGETS,
    "label_smoothing": [
        {"epsilon": e, **loss_case(LOGITS, lambda z: F.cross_entropy(z, labels, label_smoothing=e))}
        for e in (0.1, 0.5)
    ],
    "soft_targets": loss_case(LOGITS, lambda z: F.cross_entropy(z, targets)),
}

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
with open(os.path.join(folder, "recipe.json"), "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
