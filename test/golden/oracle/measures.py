"""Golden values from PyTorch and NumPy, in float64: measures of a small network.

Writes network-measures.json into the folder above this one (or into the folder given as argument). README.md there
says what is in it. Run: python3 measures.py
"""

import json
import math
import os
import sys

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when torch is imported

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

M, CLASSES, IMAGE = 23, 4, (2, 5, 4)
SHAPES = {
    "conv1.weight": (3, 2, 3, 3),
    "conv1.bias": (3,),
    "bn.weight": (3,),
    "bn.bias": (3,),
    "conv2.weight": (5, 3, 1, 1),
    "conv2.bias": (5,),
    "fc.weight": (CLASSES, 5),
    "fc.bias": (CLASSES,),
}
WEIGHTS = ["conv1.weight", "conv2.weight", "fc.weight"]


def lcg(seed):
    """Numbers in [0, 1): state <- (1664525 state + 1013904223) mod 2^32, then state / 2^32."""
    state = seed
    while True:
        state = (1664525 * state + 1013904223) % 2**32
        yield state / 2**32


def draw(stream, shape, low=-1.0, high=1.0):
    size = math.prod(shape)
    return torch.tensor([low + (high - low) * next(stream) for _ in range(size)]).reshape(shape)


stream = lcg(3000)
w = {name: draw(stream, shape) for name, shape in SHAPES.items()}
w0 = {name: draw(stream, SHAPES[name]) for name in WEIGHTS}
mean, var = draw(stream, (3,)), draw(stream, (3,), 0.25, 2.0)
images = draw(stream, (M, *IMAGE), -2.0, 2.0).to(torch.float32).to(torch.float64)


def logits(p, x):
    y = F.conv2d(x, p["conv1.weight"], p["conv1.bias"], stride=2, padding=1)
    y = F.batch_norm(y, mean, var, p["bn.weight"], p["bn.bias"], training=False, eps=1e-5)
    y = F.conv2d(F.relu(y), p["conv2.weight"], p["conv2.bias"])
    return F.linear(F.relu(y).mean((2, 3)), p["fc.weight"], p["fc.bias"])


# Labels that the network mostly agrees with, so that its margin is above 0: every 16th is the second choice.
order = logits(w, images).argsort(1, descending=True)
labels = torch.tensor([order[i, 1 if i % 16 == 15 else 0] for i in range(M)])


# Norms, with the names and the order of operations of Dziugaite et al. ---------------------------------------


def as_matrix(x):
    return x.reshape(x.shape[0], -1).numpy()


def spectral(x):
    return np.linalg.svd(as_matrix(x), compute_uv=False)[0] ** 2


def circular(x):
    kernel = x.reshape(*x.shape, *([1] * (4 - x.dim()))).numpy().transpose(2, 3, 1, 0)
    return np.linalg.svd(np.fft.fft2(kernel, IMAGE[1:], axes=[0, 1]), compute_uv=False).max() ** 2


def frobenius(x):
    return (x.numpy() ** 2).sum()


layers = [w[name] for name in WEIGHTS]
moved = [w[name] - w0[name] for name in WEIGHTS]
d = len(layers)
z = logits(w, images)
own = z.gather(1, labels[:, None])[:, 0]
others = z.scatter(1, labels[:, None], -math.inf).max(1).values
margin = (own - others).kthvalue(M // 10).values.item()
fro, dist_fro = np.array([frobenius(x) for x in layers]), np.array([frobenius(x) for x in moved])

squares = {name: p**2 for name, p in w.items()}
path_norm = logits(squares, torch.ones(1, *IMAGE)).sum().item()

raw = {
    "l2": math.sqrt(fro.sum()),
    "l2_dist": math.sqrt(dist_fro.sum()),
    "params": float(sum(x.numel() for x in layers)),
    "inverse_margin": 1 / margin**2,
    "log_prod_of_fro": np.log(fro).sum(),
    "log_prod_of_fro_over_margin": np.log(fro).sum() - 2 * math.log(margin),
    "log_sum_of_fro": math.log(d) + np.log(fro).sum() / d,
    "log_sum_of_fro_over_margin": math.log(d) + (np.log(fro).sum() - 2 * math.log(margin)) / d,
    "fro_dist": dist_fro.sum(),
    "param_norm": fro.sum(),
    "path_norm": path_norm,
    "path_norm_over_margin": path_norm / margin**2,
}
for suffix, norm in (("", spectral), ("_fft", circular)):
    spec, dist = np.array([norm(x) for x in layers]), np.array([norm(x) for x in moved])
    product = np.log(spec).sum()
    over = product - 2 * math.log(margin)
    raw |= {
        f"log_prod_of_spec{suffix}": product,
        f"log_prod_of_spec_over_margin{suffix}": over,
        f"log_spec_init_main{suffix}": over + math.log((dist_fro / spec).sum()),
        f"fro_over_spec{suffix}": (fro / spec).sum(),
        f"log_spec_orig_main{suffix}": over + math.log((fro / spec).sum()),
        f"log_sum_of_spec{suffix}": math.log(d) + product / d,
        f"log_sum_of_spec_over_margin{suffix}": math.log(d) + over / d,
        f"dist_spec_init{suffix}": dist.sum(),
    }
reported = {
    name: 0.5 * (x - math.log(M)) if name.startswith("log_") else math.sqrt(x / M) for name, x in raw.items()
}


# Curvature -------------------------------------------------------------------------------------------------

sizes = [w[name].numel() for name in WEIGHTS]


def loss(flat):
    parts = flat.split(sizes)
    p = {**w, **{name: part.reshape(SHAPES[name]) for name, part in zip(WEIGHTS, parts)}}
    return F.cross_entropy(logits(p, images), labels)


at = torch.cat([w[name].reshape(-1) for name in WEIGHTS])
hessian = torch.autograd.functional.hessian(loss, at)
eigenvalues = torch.linalg.eigvalsh(hessian)
gradient = torch.autograd.functional.jacobian(loss, at)


def relative_flatness(layer):
    first = sum(sizes[:layer])
    rows = SHAPES[WEIGHTS[layer]][0]
    matrix = w[WEIGHTS[layer]].reshape(rows, -1)
    block = hessian[first : first + sizes[layer], first : first + sizes[layer]]
    block = block.reshape(rows, -1, rows, matrix.shape[1])
    return torch.einsum("st,sjtj->", matrix @ matrix.T, block).item()


RHO = {"l2": 0.05, "linf": 0.001}
result = {
    "m": M,
    "image": IMAGE,
    "classes": CLASSES,
    "shapes": SHAPES,
    "weights": WEIGHTS,
    "seed": 3000,
    "labels": labels.tolist(),
    "margin": margin,
    "raw": raw,
    "reported": reported,
    "loss": loss(at).item(),
    "eigenvalues": [eigenvalues[0].item(), eigenvalues[-1].item()],
    "trace": hessian.trace().item(),
    "relative_flatness": {name: relative_flatness(i) for i, name in enumerate(WEIGHTS)},
    "radius": RHO,
    "one_step": {
        "l2": loss(at + RHO["l2"] * gradient / gradient.norm()).item(),
        "linf": loss(at + RHO["linf"] * gradient.sign()).item(),
    },
}

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
with open(os.path.join(folder, "network-measures.json"), "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
