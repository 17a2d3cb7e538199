"""Golden vectors from PyTorch: the paper's networks, forward and backward, at a small size.

Writes networks.json into the folder above this one (or into the folder given as argument). README.md there says
what it holds. ResNet and MobileNet-V2 for large images, and Swin, are torchvision's own; the others are written here
from their descriptions. Run: python3 networks.py
"""

import json
import math
import os
import sys

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when torch is imported

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


# Numbers ---------------------------------------------------------------------------------------------------


def fnv(name):
    """The 32-bit FNV-1a hash of a name."""
    state = 2166136261
    for byte in name.encode():
        state = (state ^ byte) * 16777619 % 2**32
    return state


def uniform(name, count):
    """Numbers in [0, 1): state <- (1664525 state + 1013904223) mod 2^32, begun at the hash of the name."""
    a = np.cumprod(np.full(count, 1664525, np.uint64))  # wraps at 2^64, so that the lowest 32 bits are right
    sums = np.concatenate([[np.uint64(1)], np.uint64(1) + np.cumsum(a[:-1])]) if count else a
    state = (a * np.uint64(fnv(name)) + np.uint64(1013904223) * sums) & np.uint64(2**32 - 1)
    return state.astype(np.float64) / 2**32


def fill(name, tensor):
    """Weights uniform with variance 1/fanIn; vectors in the range of what they stand for. Rounded to float32."""
    u = uniform(name, tensor.numel()).reshape(tuple(tensor.shape))
    if name.endswith("running_var"):
        values = 0.5 + u
    elif tensor.dim() > 1:
        values = (2 * u - 1) * math.sqrt(3 / math.prod(tensor.shape[1:]))
    elif name.endswith("weight"):
        values = 0.75 + u / 2
    else:
        values = (2 * u - 1) / 4
    tensor.copy_(torch.from_numpy(values.astype(np.float32)))


# Networks for CIFAR (kuangliu/pytorch-cifar, with the names of torchvision where it has the network) ---------


class Basic(nn.Module):
    expansion = 1

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = project(inputs, width, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.downsample(x))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = project(inputs, 4 * width, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + self.downsample(x))


def project(inputs, outputs, stride):
    if stride == 1 and inputs == outputs:
        return nn.Sequential()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class Resnet(nn.Module):
    def __init__(self, block, counts, width, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage, count in enumerate(counts):
            blocks = []
            for i in range(count):
                inner = width * 2**stage
                blocks.append(block(inputs, inner, 2 if stage > 0 and i == 0 else 1))
                inputs = inner * block.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.layer4(self.layer3(self.layer2(self.layer1(y))))
        return self.fc(F.avg_pool2d(y, 4).flatten(1))


class Separable(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv2 = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class MobilenetV1(nn.Module):
    CFG = [64, (128, 2), 128, (256, 2), 256, (512, 2), 512, 512, 512, 512, 512, (1024, 2), 1024]

    def __init__(self, classes, width=32):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        blocks, inputs = [], width
        for entry in self.CFG:
            outputs, stride = entry if isinstance(entry, tuple) else (entry, 1)
            outputs = outputs * width // 32
            blocks.append(Separable(inputs, outputs, stride))
            inputs = outputs
        self.layers = nn.Sequential(*blocks)
        self.linear = nn.Linear(32 * width, classes)

    def forward(self, x):
        y = self.layers(F.relu(self.bn1(self.conv1(x))))
        return self.linear(F.avg_pool2d(y, 2).flatten(1))


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, expansion, stride):
        super().__init__()
        self.stride = stride
        inner = expansion * inputs
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        if stride == 1:
            self.shortcut = project(inputs, outputs, 1)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return y + self.shortcut(x) if self.stride == 1 else y


class MobilenetV2(nn.Module):
    CFG = [(1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]

    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        blocks, inputs = [], 32
        for expansion, outputs, count, stride in self.CFG:
            for i in range(count):
                blocks.append(Inverted(inputs, outputs, expansion, stride if i == 0 else 1))
                inputs = outputs
        self.layers = nn.Sequential(*blocks)
        self.conv2 = nn.Conv2d(320, 1280, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(1280)
        self.linear = nn.Linear(1280, classes)

    def forward(self, x):
        y = self.layers(F.relu(self.bn1(self.conv1(x))))
        y = F.relu(self.bn2(self.conv2(y)))
        return self.linear(F.avg_pool2d(y, 4).flatten(1))


class Vgg19(nn.Module):
    def __init__(self, classes, width=64):
        super().__init__()
        layers, inputs = [], 3
        for stage, times in zip((2, 2, 4, 4, 4), (1, 2, 4, 8, 8)):
            for _ in range(stage):
                layers += [nn.Conv2d(inputs, times * width, 3, 1, 1), nn.BatchNorm2d(times * width), nn.ReLU()]
                inputs = times * width
            layers.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(8 * width, classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


# DeiT-T (with timm's names) ---------------------------------------------------------------------------------


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = (part.view(n, t, self.heads, c // self.heads).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        shares = torch.einsum("nhid,nhjd->nhij", q, k).div(math.sqrt(c // self.heads)).softmax(-1)
        return self.proj(torch.einsum("nhij,nhjd->nihd", shares, v).reshape(n, t, c))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, width, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class DeitT(nn.Module):
    def __init__(self, size, classes):
        super().__init__()
        width = 192
        self.patch_embed = PatchEmbed(width, 16)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (size // 16) ** 2 + 1, width))
        self.blocks = nn.Sequential(*[Block(width, 3) for _ in range(12)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        tokens = self.patch_embed(x)
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(tokens))[:, 0])


# What is stored ---------------------------------------------------------------------------------------------

MODELS = torchvision.models
# Name, pixels on each side, images, classes, network.
CASES = [
    ("resnet18:w16", 32, 4, 10, lambda k: Resnet(Basic, [2, 2, 2, 2], 16, k)),
    ("resnet50:w16", 32, 4, 10, lambda k: Resnet(Bottleneck, [3, 4, 6, 3], 16, k)),
    ("resnet18", 64, 4, 10, lambda k: MODELS.resnet18(num_classes=k)),
    ("resnet50", 64, 4, 10, lambda k: MODELS.resnet50(num_classes=k)),
    ("mobilenetv1", 32, 4, 10, MobilenetV1),
    ("mobilenetv2", 32, 4, 10, MobilenetV2),
    ("mobilenetv2", 64, 4, 10, lambda k: MODELS.mobilenet_v2(num_classes=k, dropout=0)),
    ("vgg19", 32, 4, 10, Vgg19),
    ("mobilenetv1:w4", 32, 4, 10, lambda k: MobilenetV1(k, 4)),
    ("vgg19:w4", 32, 4, 10, lambda k: Vgg19(k, 4)),
    ("deit-t", 64, 2, 10, lambda k, size=64: DeitT(size, k)),
    ("swin-t", 72, 1, 10, lambda k: MODELS.swin_t(num_classes=k)),
]


def rounded(values):
    return [float(f"{v:.7g}") for v in values]


def checks(tensor):
    """The sum of squares, the largest size, and the first, the middle and the last number."""
    flat = tensor.detach().flatten()
    n = flat.numel()
    return rounded([(flat**2).sum(), flat.abs().max(), flat[0], flat[n // 2], flat[n - 1]])


def golden(name, size, count, classes, make):
    network = make(classes).double()
    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                fill(key, tensor)
    x = uniform("images", count * 3 * size * size).reshape(count, 3, size, size) * 4 - 2
    x = torch.from_numpy(x.astype(np.float32)).double()
    labels = torch.arange(count) % classes
    network.eval()
    logits = network(x)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    with torch.no_grad():
        network.train()
        network(x)
    return {
        "model": name,
        "size": size,
        "images": count,
        "classes": classes,
        "logits": [rounded(row) for row in logits.tolist()],
        "loss": rounded([loss.item()])[0],
        "gradients": {key: checks(p.grad) for key, p in network.named_parameters()},
        "shapes": {key: list(p.shape) for key, p in network.named_parameters()},
        "buffers": {key: checks(b) for key, b in network.named_buffers() if "running" in key},
    }


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    cases = [json.dumps(golden(*case), separators=(",", ":")) for case in CASES]
    with open(os.path.join(folder, "networks.json"), "w") as out:
        out.write("[\n" + ",\n".join(cases) + "\n]\n")
