"""Resizing and views of photographs by Pillow: torchvision's transforms for ImageNet.

Writes pictures.json into the folder above this one (or into the folder given as argument). README.md there says more.
Run: python3 pictures.py
"""

import base64
import hashlib
import io
import json
import os
import sys

import numpy as np
import PIL
from PIL import Image

MULTIPLIER, INCREMENT = 1664525, 1013904223


def noise(seed, n):
    """n bytes from the generator of README.md."""
    state, found = seed, []
    for _ in range(n):
        state = (MULTIPLIER * state + INCREMENT) % 2**32
        found.append(state >> 24)
    return np.array(found, dtype=np.uint8)


def picture(seed, width, height):
    return Image.fromarray(noise(seed, width * height * 3).reshape(height, width, 3))


def digest(image):
    return hashlib.sha256(image.tobytes()).hexdigest()


def resized(image, width, height):
    return image.resize((width, height), Image.BILINEAR)


def evaluation(image, size):
    """Resize(size * 8 / 7) of the shorter side, CenterCrop(size)."""
    short = round(size * 8 / 7)
    width, height = image.size
    if width <= height:
        image = resized(image, short, int(short * height / width))
    else:
        image = resized(image, int(short * width / height), short)
    width, height = image.size
    top, left = int(round((height - size) / 2)), int(round((width - size) / 2))
    return image.crop((left, top, left + size, top + size))


def training(image, top, left, height, width, size, flip):
    """F.resized_crop, and F.hflip."""
    image = resized(image.crop((left, top, left + width, top + height)), size, size)
    return image.transpose(Image.FLIP_LEFT_RIGHT) if flip else image


SIZES = [(61, 47, 32, 24), (20, 33, 64, 40), (50, 50, 50, 17), (7, 90, 13, 9), (300, 200, 224, 224), (5, 5, 1, 1)]
VIEWS = [(61, 47, 28), (47, 61, 28), (256, 256, 224), (100, 333, 56), (40, 30, 56)]
CROPS = [(61, 47, 3, 10, 30, 41, 28, False), (61, 47, 0, 0, 47, 61, 14, True), (33, 90, 50, 2, 11, 29, 56, True)]

buffer = io.BytesIO()
smooth = resized(picture(77, 12, 9), 96, 72)
smooth.save(buffer, "JPEG", quality=90)
decoded = Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")

result = {
    "pillow": PIL.__version__,
    "resized": [
        {"from": [w, h], "to": [tw, th], "sha256": digest(resized(picture(7000 + i, w, h), tw, th))}
        for i, (w, h, tw, th) in enumerate(SIZES)
    ],
    "evaluation": [
        {"from": [w, h], "size": size, "sha256": digest(evaluation(picture(7100 + i, w, h), size))}
        for i, (w, h, size) in enumerate(VIEWS)
    ],
    "training": [
        {
            **{"from": [w, h], "top": top, "left": left, "height": height, "width": width, "size": size, "flip": flip},
            "sha256": digest(training(picture(7200 + i, w, h), top, left, height, width, size, flip)),
        }
        for i, (w, h, top, left, height, width, size, flip) in enumerate(CROPS)
    ],
    "jpeg": {
        "file": base64.b64encode(buffer.getvalue()).decode(),
        "sha256": digest(decoded),
    },
}

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
with open(os.path.join(folder, "pictures.json"), "w") as file:
    json.dump(result, file, indent=1)
    file.write("\n")
