"""VVTQ in PyTorch: quantizers of weights and activations, bin regularization, distillation, from their formulas.

Writes vvtq.json into the folder above this one (or into the folder given as argument). README.md there says more.
Run: python3 vvtq.py
"""

import json
import math
import os
import sys

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
torch.set_default_dtype(torch.float64)


class Stream:
    """Numbers in [-2, 2), exact in float32, from the generator of README.md."""

    def __init__(self, seed):
        self.state = seed

    def draw(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return float(torch.tensor(4 * self.state / 2**32 - 2).float())

    def tensor(self, *shape):
        n = math.prod(shape)
        return torch.tensor([self.draw() for _ in range(n)]).reshape(shape)


class RoundPass(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, g):
        return g


def slowed(x, c):
    """x, with its gradient scaled by c."""
    return (x - x * c).detach() + x * c


def levels(bits, signed):
    return (2 ** (bits - 1), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def quantize(v, s, qn, qp, g):
    s = slowed(s, g)
    return RoundPass.apply(torch.clamp(v / s, -qn, qp)) * s


def quantize_weight(w, s, bits):
    qn, qp = levels(bits, True)
    return quantize(w, s, qn, qp, 1 / math.sqrt(qp * w.abs().sum().item()))


def quantize_input(x, s, beta, bits, signed):
    qn, qp = levels(bits, signed)
    g = 1 / (math.sqrt(x.numel()) * qp)
    if beta is None:
        return quantize(x, s, qn, qp, g)
    beta = slowed(beta, g)
    return quantize(x - beta, s, qn, qp, g) + beta


def first_step(x, qp):
    return (2 * x.abs().mean() / math.sqrt(qp)).item()


def mse_step(w, bits):
    qn, qp = levels(bits, True)
    s = w.abs().max().item() / qp
    while True:
        q = torch.round(torch.clamp(w / s, -qn, qp))
        new = ((w * q).sum() / (q * q).sum()).item()
        if abs(new - s) / s < 1e-5:
            return new
        s = new


def bin_penalty(w, s, bits):
    """mean (what - clip(w))^2 + the sum over levels of the unbiased variance of their weights; s is held fixed."""
    qn, qp = levels(bits, True)
    s = s.detach()
    code = torch.round(torch.clamp(w / s, -qn, qp)).detach()
    total = ((code * s - torch.clamp(w, min=-qn * s.item(), max=qp * s.item())) ** 2).mean()
    for k in range(-qn, qp + 1):
        members = w[code == k]
        if members.numel() > 1:
            total = total + torch.var(members)
    return total


def bin_weight(largest, epoch, epochs):
    start = 0.25 * epochs
    if epoch < start:
        return 0.0
    t = (epoch - start) / (epochs - start)
    return largest + 0.5 * (0 - largest) * (1 + math.cos(math.pi * t))


def marginal_smoothing(p, k):
    values, indices = p.topk(k, dim=1)
    smooth = ((1 - values.sum(1, keepdim=True)) / (p.shape[1] - k)).expand_as(p).clone()
    return smooth.scatter_(1, indices, values)


def soft_cross_entropy(z, p):
    return -(p * F.log_softmax(z, dim=1)).sum(1).mean()


def listed(**tensors):
    return {name: t.detach().flatten().tolist() for name, t in tensors.items()}


def weight_case(bits, seed):
    stream = Stream(seed)
    w = stream.tensor(24).pow(3).mul(0.1).float().double().requires_grad_()
    upstream = stream.tensor(24)
    s0 = mse_step(w.detach(), bits)
    s = torch.tensor(0.8 * s0).float().double().requires_grad_()
    hat = quantize_weight(w, s, bits)
    (hat * upstream).sum().backward()
    case = {"bits": bits, "mse_step": s0, **listed(w=w, s=s, upstream=upstream, hat=hat, grad_w=w.grad, grad_s=s.grad)}
    w.grad = None
    penalty = bin_penalty(w, s, bits)
    penalty.backward()
    return {**case, "penalty": penalty.item(), **listed(grad_penalty=w.grad)}


def input_case(bits, range_, seed):
    stream = Stream(seed)
    x = stream.tensor(3, 8)
    x = {"signed": x, "unsigned": x.relu(), "offset": F.gelu(x)}[range_].float().double()
    qn, qp = levels(bits, range_ == "signed")
    beta0 = x.min().item() if range_ == "offset" else None
    s0 = first_step(x if beta0 is None else x - beta0, qp)
    x = x.requires_grad_()
    s = torch.tensor(0.6 * s0).float().double().requires_grad_()
    beta = None if beta0 is None else torch.tensor(beta0 + 0.0625).float().double().requires_grad_()
    upstream = stream.tensor(3, 8)
    hat = quantize_input(x, s, beta, bits, range_ == "signed")
    (hat * upstream).sum().backward()
    case = {"bits": bits, "range": range_, "first_step": s0, "first_offset": beta0}
    case.update(listed(x=x, s=s, upstream=upstream, hat=hat, grad_x=x.grad, grad_s=s.grad))
    if beta is not None:
        case.update(listed(beta=beta, grad_beta=beta.grad))
    return case


def network_case():
    """x [6, 5] to 3 classes: linear, GELU by tanh, linear. W4A4; what arrives at the second has an offset."""
    stream = Stream(5000)
    p = {
        "a.weight": stream.tensor(7, 5) * 0.25,
        "a.bias": stream.tensor(7) * 0.25,
        "b.weight": stream.tensor(3, 7) * 0.25,
        "b.bias": stream.tensor(3) * 0.25,
    }
    x, teacher = stream.tensor(6, 5), stream.tensor(6, 3)
    bits = {"a": 4, "b": 4}

    for layer in ("a", "b"):
        p[f"{layer}.weight.step"] = torch.tensor(mse_step(p[f"{layer}.weight"], bits[layer]))

    def gelu(v):
        return 0.5 * v * (1 + torch.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))

    def forward(calibrate):
        def arrives(layer, v, signed, offset):
            if calibrate:
                qp = levels(bits[layer], signed)[1]
                if offset:
                    p[f"{layer}.input.offset"] = v.min()
                p[f"{layer}.input.step"] = torch.tensor(first_step(v - v.min() if offset else v, qp))
            return quantize_input(v, p[f"{layer}.input.step"], p.get(f"{layer}.input.offset"), bits[layer], signed)

        h = arrives("a", x, True, False)
        h = gelu(F.linear(h, quantize_weight(p["a.weight"], p["a.weight.step"], bits["a"]), p["a.bias"]))
        h = arrives("b", h, False, True)
        return F.linear(h, quantize_weight(p["b.weight"], p["b.weight.step"], bits["b"]), p["b.bias"])

    with torch.no_grad():
        forward(True)
    for t in p.values():
        t.requires_grad_()
    z = forward(False)
    targets = teacher.softmax(1)
    penalty = sum(bin_penalty(p[f"{layer}.weight"], p[f"{layer}.weight.step"], bits[layer]) for layer in bits)
    loss = soft_cross_entropy(z, targets) + 0.01 * penalty
    loss.backward()
    return {
        "params": listed(**p),
        "shapes": {name: list(t.shape) for name, t in p.items()},
        **listed(x=x, teacher=teacher, logits=z),
        "loss": loss.item(),
        "grads": listed(**{name: t.grad for name, t in p.items()}),
    }


def distill_case():
    stream = Stream(6000)
    logits, student = stream.tensor(4, 6), stream.tensor(4, 6).requires_grad_()
    p = logits.softmax(1)
    smooth = marginal_smoothing(p, 2)
    loss = soft_cross_entropy(student, smooth)
    loss.backward()
    return {"loss": loss.item(), **listed(logits=logits, p=p, smooth=smooth, student=student, grad=student.grad)}


result = {
    "torch": torch.__version__,
    "weights": [weight_case(bits, 4000 + bits) for bits in (2, 3, 4, 8)],
    "inputs": [input_case(bits, r, 4100 + bits) for r in ("signed", "unsigned", "offset") for bits in (2, 4, 8)],
    "ramp": {"largest": 0.01, "epochs": 20, "weights": [bin_weight(0.01, e, 20) for e in range(20)]},
    "distill": distill_case(),
    "network": network_case(),
}

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
with open(os.path.join(folder, "vvtq.json"), "w") as file:
    json.dump(result, file, separators=(",", ":"))
    file.write("\n")
