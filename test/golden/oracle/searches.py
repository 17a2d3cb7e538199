"""Radius searches in PyTorch: PAC-Bayes and sharpness of one small network, in float and with LSQ at 2 bits.

Writes searches.safetensors (the trained networks) and searches.json (every step of every search) into the folder above
this one (or into the folder given as argument). README.md there says more. Run: python3 searches.py
"""

import json
import math
import os
import sys

import nin  # sets PyTorch to one thread and to deterministic algorithms

import numpy as np
import torch
from torch.nn import functional as F

nin.BLOCKS, nin.CLASSES, nin.BITS, nin.QN, nin.QP = 1, 4, 2, -2, 1
IMAGES, SHAPE, CLASSES = 48, (3, 4, 4), nin.CLASSES
DRAWS, ASCENT_STEPS, ASCENT_BATCH, LEARNING_RATE, EPS = 2, 3, 20, 0.05, 1e-3
TARGET, TOLERANCE = 0.1, 0.01


# Random numbers with names ---------------------------------------------------------------------------------


def fnv1a(text):
    """FNV-1a, 32 bits, of the bytes of `text`."""
    state = 2166136261
    for byte in text.encode():
        state = ((state ^ byte) * 16777619) % 2**32
    return state


def threefry(key, counter):
    """Threefry-2x32-20 of counters (c, 0): two words each."""
    k = [np.uint32(key[0]), np.uint32(key[1])]
    k.append(np.uint32(0x1BD11BDA) ^ k[0] ^ k[1])
    with np.errstate(over="ignore"):
        a, b = counter + k[0], np.zeros_like(counter) + k[1]
        for group in range(5):
            for r in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
                a = a + b
                b = (b << np.uint32(r) | b >> np.uint32(32 - r)) ^ a
            a = a + k[(group + 1) % 3]
            b = b + k[(group + 2) % 3] + np.uint32(group + 1)
    return a, b


class Stream:
    """The generator of nin.py, begun at the hash of a name."""

    def __init__(self, name):
        self.name, self.u = name, nin.lcg(fnv1a(name))

    def fork(self, name):
        return Stream(f"{self.name}/{name}")

    def uniform(self):
        return next(self.u)

    def key(self):
        """Two words of 32 bits."""
        return [int(self.uniform() * 2**32) for _ in range(2)]

    def random(self, law, shape):
        """Random numbers by counters, two for each: normal ones, or uniform on (-1, 1)."""
        n = math.prod(shape)
        words = threefry(self.key(), np.arange((n + 1) // 2, dtype=np.uint32))
        u, v = ((w >> np.uint32(9)).astype(np.float64) * 2.0**-23 + 2.0**-24 for w in words)
        if law == "normal":
            radius, angle = np.sqrt(-2 * np.log(u)), 2 * math.pi * v
            pairs = radius * np.cos(angle), radius * np.sin(angle)
        else:
            pairs = 2 * u - 1, 2 * v - 1
        return torch.tensor(np.stack(pairs, 1).reshape(-1)[:n]).reshape(tuple(shape))

    def permutation(self, n):
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = math.floor(self.uniform() * (i + 1))
            order[i], order[j] = order[j], order[i]
        return order

    def tensor(self, shape, draw):
        return torch.tensor([draw(self) for _ in range(math.prod(shape))], dtype=torch.float64).reshape(shape)


# Images and networks ---------------------------------------------------------------------------------------


def images():
    """Pixels 4u - 2, plus 0.3 (y - 1.5), rounded to float32; labels go round."""
    u = Stream("images")
    labels = torch.arange(IMAGES) % CLASSES
    pixels = u.tensor((IMAGES, *SHAPE), lambda s: 4 * s.uniform() - 2)
    return (pixels + 0.3 * (labels - 1.5).reshape(-1, 1, 1, 1)).float().double(), labels


def trained(x, y, quantized):
    """150 steps on all images at once, from weights uniform on +-1/sqrt(fan in)."""
    model = nin.Nin().double()
    init = Stream("init")
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 4:
                bound = 1 / math.sqrt(math.prod(p.shape[1:]))
                p.copy_(init.fork(name).tensor(p.shape, lambda s: bound * (2 * s.uniform() - 1)))
            elif name.endswith(".bias"):
                p.zero_()
    for module in model.modules():
        if quantized and isinstance(module, nin.Conv):
            step = 2 * module.weight.abs().mean() / math.sqrt(nin.QP)
            module.step = torch.nn.Parameter(step.detach().clone())
    sgd = torch.optim.SGD(model.parameters(), 0.05, 0.9)
    for _ in range(150):
        sgd.zero_grad()
        F.cross_entropy(model(x), y).backward()
        sgd.step()
        with torch.no_grad():
            for k, p in nin.parameters(model).items():
                if k.endswith(".step"):
                    p.clamp_(min=nin.MIN_STEP)
    # What is written is what is searched: weights that float32 holds.
    with torch.no_grad():
        for t in [*model.parameters(), *nin.running(model).values()]:
            t.copy_(t.float().double())
        for name, b in model.named_buffers():
            if not name.endswith("num_batches_tracked"):
                b.copy_(b.float().double())
    return model.eval()


# The searches ----------------------------------------------------------------------------------------------


def bisection(displacement, low=0.0, high=2.0):
    """Every step as [radius, displacement, verdict]. Ends in the band, or with the middle of a bracket below 5e-3."""
    steps = []
    for _ in range(15):
        radius = (low + high) / 2
        d = displacement(radius)
        verdict = "stop" if abs(d - TARGET) < TOLERANCE else "smaller" if d > TARGET else "larger"
        steps.append([radius, d, verdict])
        if verdict == "stop" or high - low < 5e-3:
            break
        low, high = (low, radius) if verdict == "smaller" else (radius, high)
    return steps


class Searches:
    def __init__(self, model, x, y):
        self.model, self.x, self.y = model, x, y
        self.all = nin.parameters(model)
        self.weights = {k: p for k, p in self.all.items() if p.dim() == 4}
        self.start = {k: p.detach().clone() for k, p in self.all.items()}
        self.base = self.hits()

    def hits(self):
        with torch.no_grad():
            return int((self.model(self.x).argmax(1) == self.y).sum())

    def put(self, values):
        with torch.no_grad():
            for k, v in values.items():
                self.all[k].copy_(v)

    def drop(self, hits, of):
        return max(0.0, self.base / IMAGES - hits / of)

    def pac_bayes(self, magnitude):
        def displacement(radius):
            hits = 0
            for draw in range(DRAWS):
                rng = Stream("search").fork(f"draw/{draw}")
                for k in self.weights:
                    w = self.start[k]
                    z = rng.fork(k).random("normal", w.shape)
                    std = torch.sqrt(radius * radius * w * w + EPS * EPS) if magnitude else radius
                    self.put({k: w + std * z})
                hits += self.hits()
            self.put(self.start)
            return self.drop(hits, DRAWS * IMAGES)

        return bisection(displacement)

    def sharpness(self, magnitude, ball, sign):
        def project(u, box):
            if ball == "linf":
                return {k: torch.maximum(torch.minimum(v, box[k]), -box[k]) for k, v in u.items()}
            norm = math.sqrt(sum(float(((v / box[k]) ** 2).sum()) for k, v in u.items()))
            return u if norm <= 1 else {k: v / norm for k, v in u.items()}

        def displacement(radius):
            worst = IMAGES
            box = {
                k: radius * self.start[k].abs() + EPS if magnitude else torch.full_like(self.start[k], radius)
                for k in self.weights
            }
            for restart in range(DRAWS):
                rng = Stream("search").fork(f"restart/{restart}")
                v = {k: rng.fork("start").fork(k).random("uniform", b.shape) for k, b in box.items()}
                u = project({k: v[k] * b / 2 for k, b in box.items()}, box)
                per_pass = IMAGES // ASCENT_BATCH
                for i in range(ASCENT_STEPS):
                    order = rng.fork(f"shuffle/{i // per_pass}").permutation(IMAGES)
                    at = order[i % per_pass * ASCENT_BATCH :][:ASCENT_BATCH]
                    self.put({k: self.start[k] + u[k] for k in u})
                    loss = F.cross_entropy(self.model(self.x[at]), self.y[at])
                    g = dict(zip(u, torch.autograd.grad(loss, [self.weights[k] for k in u])))
                    step = (lambda k: box[k] / 10 * g[k].sign()) if sign else (lambda k: LEARNING_RATE * g[k])
                    u = project({k: u[k] + step(k) for k in u}, box)
                self.put({k: self.start[k] + u[k] for k in u})
                worst = min(worst, self.hits())
            self.put(self.start)
            return self.drop(worst, IMAGES)

        return bisection(displacement)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    x, y = images()
    tensors, found = {}, []
    for network, quantized in (("float", False), ("lsq2", True)):
        model = trained(x, y, quantized)
        kept = {**nin.parameters(model), **nin.running(model)}
        tensors |= {f"{network}/{k}": np.float32(v.detach().numpy()) for k, v in kept.items()}
        s = Searches(model, x, y)
        for kind in ("plain", "magnitude"):
            steps = s.pac_bayes(kind == "magnitude")
            found.append({"network": network, "search": "pac-bayes", "kind": kind, "hits": s.base, "steps": steps})
            for ball, step in (("linf", "sgd"), ("linf", "sign"), ("l2", "sgd")):
                steps = s.sharpness(kind == "magnitude", ball, step == "sign")
                case = {"network": network, "search": "sharpness", "kind": kind, "ball": ball, "step": step}
                found.append({**case, "hits": s.base, "steps": steps})
    nin.save(os.path.join(folder, "searches.safetensors"), tensors)
    with open(os.path.join(folder, "searches.json"), "w") as file:
        file.write("[\n" + ",\n".join("  " + json.dumps(c) for c in found) + "\n]\n")


if __name__ == "__main__":
    main()
