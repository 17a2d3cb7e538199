"""Golden vectors from PyTorch: NiN 2x1 in float and with LSQ at 4 bits, and a few convolutions and poolings.

Writes nin-2x1.safetensors, layers.safetensors and layers.json into the folder above this one (or into the
folder given as argument). README.md there says what every tensor is. Run: python3 nin.py
"""

import json
import math
import os
import struct
import sys

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when torch is imported

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

BATCH, STEPS, CLASSES, WIDTH, BLOCKS = 16, 50, 10, 25, 2
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 1e-4
BITS, MIN_STEP = 4, 1e-8
QN, QP = -(2 ** (BITS - 1)), 2 ** (BITS - 1) - 1


# Data ------------------------------------------------------------------------------------------------------


def lcg(seed):
    """Numbers in [0, 1): state <- (1664525 state + 1013904223) mod 2^32, then state / 2^32."""
    state = seed
    while True:
        state = (1664525 * state + 1013904223) % 2**32
        yield state / 2**32


def batch(index):
    """Images [16, 3, 32, 32] (float32) and labels [16]; seed 1000 + index, pixels first, then labels.

    A pixel is 4u - 2, plus 0.15 (y - 4.5) on channel y mod 3, in float64; rounded to float32 at the end.
    """
    u = lcg(1000 + index)
    shape = (BATCH, 3, 32, 32)
    images = np.array([next(u) * 4 - 2 for _ in range(math.prod(shape))]).reshape(shape)
    labels = np.array([math.floor(next(u) * CLASSES) for _ in range(BATCH)])
    for n, y in enumerate(labels):
        images[n, y % 3] += (y - 4.5) * 0.15
    return images.astype(np.float32), labels


# LSQ -------------------------------------------------------------------------------------------------------


class RoundStraightThrough(torch.autograd.Function):
    """round(x), half to even; the gradient passes as if nothing had happened."""

    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, g):
        return g


class ScaleGradient(torch.autograd.Function):
    """x; its gradient is multiplied by c. Unlike (x - cx).detach() + cx, it does not round x."""

    @staticmethod
    def forward(ctx, x, c):
        ctx.c = c
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return g * ctx.c, None


def lsq(w, step):
    """s round(clip(w/s, Qn, Qp)). clamp passes the gradient on both bounds: the mask on w/s is inclusive."""
    s = ScaleGradient.apply(step, 1 / math.sqrt(w.numel() * QP))
    return RoundStraightThrough.apply(torch.clamp(w / s, QN, QP)) * s


# The network -----------------------------------------------------------------------------------------------


class Conv(nn.Conv2d):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register_parameter("step", None)  # no step: float

    def forward(self, x):
        w = self.weight if self.step is None else lsq(self.weight, self.step)
        return F.conv2d(x, w, self.bias, self.stride, self.padding)


class Block(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv1, self.bn1 = Conv(i, o, 3, stride=2, padding=1), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = Conv(o, o, 1), nn.BatchNorm2d(o)
        self.conv3, self.bn3 = Conv(o, o, 1), nn.BatchNorm2d(o)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)))


class Nin(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*(Block(3 if d == 0 else WIDTH, WIDTH) for d in range(BLOCKS)))
        self.conv, self.bn = Conv(WIDTH, CLASSES, 1), nn.BatchNorm2d(CLASSES)

    def forward(self, x):
        return F.relu(self.bn(self.conv(self.blocks(x)))).mean((2, 3))


def initial_values():
    """Parameters and buffers of a fresh network, PyTorch's own initialization, float32."""
    torch.manual_seed(12)  # why 12: README.md, "Rounding"
    return {k: v for k, v in Nin().state_dict().items() if not k.endswith("num_batches_tracked")}


def initial_steps(init):
    """2 mean|w| / sqrt(Qp) for each convolution, computed in float64 and rounded to float32."""
    return {
        f"{name}.weight.step": (2 * init[f"{name}.weight"].double().abs().mean() / math.sqrt(QP)).float()
        for name, module in Nin().named_modules()
        if isinstance(module, Conv)
    }


def build(init, steps, dtype):
    """The network at the given float32 values; LSQ where `steps` is not None."""
    model = Nin().to(dtype)
    model.load_state_dict({k: v.to(dtype) for k, v in init.items()}, strict=False)
    for name, module in model.named_modules():
        if steps is not None and isinstance(module, Conv):
            module.step = nn.Parameter(steps[f"{name}.weight.step"].to(dtype, copy=True))
    return model


def parameters(model):
    """Named parameters; the step of `conv.weight` is called `conv.weight.step`."""
    rename = lambda k: k[: -len("step")] + "weight.step" if k.endswith(".step") else k
    return {rename(k): p for k, p in model.named_parameters()}


def running(model):
    return {k: b.clone() for k, b in model.named_buffers() if not k.endswith("num_batches_tracked")}


def train(init, steps, batches, dtype):
    """One look at the first step of training, and the losses of all of them."""
    model = build(init, steps, dtype)
    params = parameters(model)
    sgd = torch.optim.SGD(params.values(), LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY)
    data = [(torch.from_numpy(x).to(dtype), torch.from_numpy(y)) for x, y in batches]
    seen, losses = {}, []

    def eval_logits():
        model.eval()
        with torch.no_grad():
            logits = model(data[0][0])
        model.train()
        return logits

    for i, (x, y) in enumerate(data):
        sgd.zero_grad()
        logits = model(x)
        loss = F.cross_entropy(logits, y)
        loss.backward()
        losses.append(loss.item())
        if i == 0:
            seen = {"logits": logits.detach(), "loss": loss.detach()}
            seen |= {f"grad/{k}": p.grad.clone() for k, p in params.items()}
            seen |= {f"running/{k}": b for k, b in running(model).items()}
            seen["eval_logits"] = eval_logits()
        sgd.step()
        with torch.no_grad():
            for k, p in params.items():
                if k.endswith(".step"):
                    p.clamp_(min=MIN_STEP)
        if i == 0:
            seen["updated_eval_logits"] = eval_logits()
    seen["losses"] = torch.tensor(losses, dtype=torch.float64)
    seen |= {f"final/{k}": p.detach() for k, p in params.items() if k.endswith(".step")}
    return seen


def nin():
    batches = [batch(i) for i in range(STEPS)]
    init = initial_values()
    steps = initial_steps(init)
    out = {
        "data/labels": np.array([y for _, y in batches], np.float32),
        "data/first_pixels": np.array([x.ravel()[:4] for x, _ in batches]),
        "data/last_pixels": np.array([x.ravel()[-4:] for x, _ in batches]),
    }
    out |= {f"init/{k}": v for k, v in init.items()} | {f"lsq4/init/{k}": v for k, v in steps.items()}
    for prefix, s in (("float", None), ("lsq4", steps)):
        for suffix, dtype in (("64", torch.float64), ("32", torch.float32)):
            for name, value in train(init, s, batches, dtype).items():
                kind, slash, rest = name.partition("/")
                out[f"{prefix}/{kind}{suffix}{slash}{rest}"] = value
    return out


# Layers ----------------------------------------------------------------------------------------------------

CONV2D = [
    # x, w, stride, padding, groups, bias
    ([2, 3, 7, 5], [4, 3, 3, 3], 1, 1, 1, True),
    ([2, 3, 9, 7], [4, 3, 3, 3], 2, 1, 1, True),
    ([1, 4, 8, 5], [6, 2, 3, 3], 2, 0, 2, True),  # the last row of x meets no window
    ([2, 4, 6, 7], [4, 1, 3, 3], 1, 1, 4, False),  # depthwise
    ([2, 3, 7, 8], [6, 1, 3, 3], 2, 1, 3, True),  # depthwise, two outputs a channel
    ([2, 5, 5, 3], [7, 5, 1, 1], 1, 0, 1, True),
    ([2, 3, 7, 6], [5, 3, 1, 1], 2, 0, 1, False),  # the shortcut of a residual block
    ([1, 3, 9, 10], [4, 3, 4, 4], 4, 0, 1, True),  # patches, with a remainder
    ([1, 3, 11, 9], [4, 3, 7, 7], 2, 3, 1, False),  # the stem of an ImageNet network
    ([2, 4, 9, 7], [6, 2, 5, 5], 3, 2, 2, True),
    ([1, 2, 6, 7], [3, 2, 3, 2], 1, 1, 1, True),  # a window that is not square
]
POOL2D = [
    # op, x, size, stride, padding
    ("avg_pool2d", [2, 3, 7, 6], 2, 2, 0),
    ("avg_pool2d", [2, 3, 7, 6], 3, 2, 1),  # padding counts as zeros
    ("avg_pool2d", [2, 3, 4, 4], 4, 4, 0),
    ("max_pool2d", [2, 3, 7, 6], 2, 2, 0),
    ("max_pool2d", [2, 3, 7, 6], 3, 2, 1),
    ("max_pool2d", [2, 3, 7, 7], 3, 2, 1),  # ties, see below
]


def layers():
    """Tensors and the list of cases. Case i of the list draws x, w, bias, gy in this order from seed 2000 + i."""
    tensors, cases = {}, []

    def case(op, config, f, ties=False, **shapes):
        name = f"{op}/{sum(c['op'] == op for c in cases)}"
        u = lcg(2000 + len(cases))

        def draw(shape):  # in [-2, 2], exact in float32
            values = [next(u) * 4 - 2 for _ in range(math.prod(shape))]
            return torch.tensor(values, dtype=torch.float32).double().reshape(shape)

        inputs = {k: draw(shape) for k, shape in shapes.items()}
        if ties:
            inputs = {k: v.floor() for k, v in inputs.items()}
        for v in inputs.values():
            v.requires_grad_()
        y = f(**inputs)
        gy = draw(y.shape)
        grads = torch.autograd.grad(y, list(inputs.values()), gy)
        found = inputs | {"y": y, "gy": gy} | {f"g{k}": g for k, g in zip(inputs, grads)}
        tensors.update({f"{name}/{k}": v.detach() for k, v in found.items()})
        cases.append({"name": name, "op": op, **config, **shapes, "y": list(y.shape)})

    for x, w, stride, padding, groups, bias in CONV2D:
        config = {"stride": stride, "padding": padding, "groups": groups}
        f = lambda x, w, bias=None: F.conv2d(x, w, bias, **config)
        case("conv2d", config, f, x=x, w=w, **({"bias": [w[0]]} if bias else {}))
    for i, (op, x, size, stride, padding) in enumerate(POOL2D):
        config = {"size": size, "stride": stride, "padding": padding}
        f = lambda x: getattr(F, op)(x, size, stride, padding)
        ties = i == len(POOL2D) - 1  # whole numbers -2 … 1: the first maximum of a window takes the gradient
        case(op, config, f, ties, x=x)
    return tensors, cases


# Files -----------------------------------------------------------------------------------------------------


def save(path, tensors):
    """safetensors; float64 first, so that every tensor starts at a multiple of its element size."""
    arrays = {k: np.asarray(v) for k, v in tensors.items()}
    names = {"float64": "F64", "float32": "F32"}
    meta = {"torch": torch.__version__, "numpy": np.__version__, "script": os.path.basename(__file__)}
    header, body = {"__metadata__": meta}, b""
    for k, a in sorted(arrays.items(), key=lambda entry: -entry[1].itemsize):
        data = a.astype(a.dtype.newbyteorder("<")).tobytes()
        header[k] = {
            "dtype": names[a.dtype.name],
            "shape": list(a.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    save(os.path.join(folder, "nin-2x1.safetensors"), nin())
    tensors, cases = layers()
    save(os.path.join(folder, "layers.safetensors"), tensors)
    with open(os.path.join(folder, "layers.json"), "w") as file:
        file.write("[\n" + ",\n".join("  " + json.dumps(c) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
