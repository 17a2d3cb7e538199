"""Corrupted pictures, made with the libraries that the published data sets were made with.

    /usr/bin/python3 test/golden/oracle/corruptions.py

writes test/golden/corruptions.npz. Made with Debian 12's packages: Python 3.11, NumPy 1.24.2, SciPy 1.10.1,
scikit-image 0.19.3, OpenCV 4.6.0, Pillow 9.4.0, Wand 0.6.11 on ImageMagick 6.9.11-60 Q16. The published data sets were
made with NumPy 1.14, SciPy 1.0, scikit-image 0.13.1, OpenCV 3.4.2, Pillow 5.0, Wand 0.4.4.

Random numbers come from the generator of src/experiments/corruptions/draws.ts, written again here, so that the random
corruptions can be compared pixel by pixel as well. Pictures: scikit-image's astronaut (NASA, public domain) and chelsea
(CC0), small.

    /usr/bin/python3 test/golden/oracle/corruptions.py --compare FOLDER CLEAN.npy

compares the files that do not depend on random numbers in a folder that `qgen corrupt` wrote for the pictures of CLEAN.npy.
"""

import io
import math
import sys
import warnings
from pathlib import Path

import cv2
import numpy as np
import skimage as sk
import skimage.data
from PIL import Image
from scipy.ndimage import map_coordinates
from scipy.ndimage import zoom as scizoom
from scipy.stats import poisson
from skimage.filters import gaussian
from wand.image import Image as WandImage

warnings.simplefilter("ignore")
M = 0xFFFFFFFF


class Draws:
    """sfc32, and what is made of its words."""

    def __init__(self, key, index):
        self.a, self.b, self.c, self.counter, self.spare = key[0], key[1], index, 1, None
        for _ in range(12):
            self.word()

    def word(self):
        t = (self.a + self.b + self.counter) & M
        self.counter = (self.counter + 1) & M
        self.a = self.b ^ (self.b >> 9)
        self.b = (self.c + (self.c << 3)) & M
        self.c = ((((self.c << 21) | (self.c >> 11)) & M) + t) & M
        return t

    def uniform(self):
        return self.word() / 2**32

    def between(self, low, high):
        return low + (high - low) * self.uniform()

    def below(self, n):
        return math.floor(self.uniform() * n)

    def normal(self):
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        while True:
            u, v = 2 * self.uniform() - 1, 2 * self.uniform() - 1
            r = u * u + v * v
            if r >= 1 or r == 0:
                continue
            stretch = math.sqrt(-2 * math.log(r) / r)
            self.spare = v * stretch
            return u * stretch

    def fill(self, shape, one):
        return np.array([one() for _ in range(int(np.prod(shape)))]).reshape(shape)

    def normals(self, shape):
        return self.fill(shape, self.normal)

    def uniforms(self, low, high, shape):
        return self.fill(shape, lambda: self.between(low, high))


def blurred(x, sigma):
    return gaussian(x, sigma=sigma, channel_axis=-1)


def moved(x, radius, sigma, angle):
    """ImageMagick's motion blur, through a PNG."""
    image = io.BytesIO()
    Image.fromarray(x).save(image, format="PNG")
    with WandImage(blob=image.getvalue()) as wand:
        wand.motion_blur(radius=radius, sigma=sigma, angle=angle)
        return np.array(Image.open(io.BytesIO(wand.make_blob())).convert("L" if x.ndim == 2 else "RGB"))


def clipped_zoom(x, z):
    sizes = x.shape[:2]
    near = [int(np.ceil(n / z)) for n in sizes]
    top, left = [(n - m) // 2 for n, m in zip(sizes, near)]
    big = scizoom(x[top : top + near[0], left : left + near[1]], (z, z, 1), order=1)
    top, left = [(m - n) // 2 for n, m in zip(sizes, big.shape)]
    return big[top : top + sizes[0], left : left + sizes[1]]


def plasma(n, decay, draws):
    m = np.zeros((n, n))
    step, wibble = n, 100
    while step >= 2:
        half = step // 2
        around = lambda a: a / 4 + wibble * draws.uniforms(-wibble, wibble, a.shape)
        corners = m[::step, ::step]
        sums = corners + np.roll(corners, -1, 0)
        sums = sums + np.roll(sums, -1, 1)
        m[half::step, half::step] = around(sums)
        centres, corners = m[half::step, half::step], m[::step, ::step]
        m[::step, half::step] = around(centres + np.roll(centres, 1, 0) + corners + np.roll(corners, -1, 1))
        m[half::step, ::step] = around(centres + np.roll(centres, 1, 1) + corners + np.roll(corners, -1, 0))
        step, wibble = half, wibble / decay
    m -= m.min()
    return m / m.max()


def disk(radius, alias):
    half, k = (8, 3) if radius <= 8 else (radius, 5)
    x, y = np.meshgrid(np.arange(-half, half + 1), np.arange(-half, half + 1))
    inside = np.array(x**2 + y**2 <= radius**2, dtype=np.float32)
    return cv2.GaussianBlur(inside / inside.sum(), ksize=(k, k), sigmaX=alias)


def in_hsv(x, channel, change):
    hsv = sk.color.rgb2hsv(x / 255.0)
    hsv[:, :, channel] = np.clip(change(hsv[:, :, channel]), 0, 1)
    return np.clip(sk.color.hsv2rgb(hsv), 0, 1) * 255


def gaussian_noise(x, c, d):
    return np.clip(x / 255.0 + c * d.normals(x.shape), 0, 1) * 255


def shot_noise(x, c, d):
    return np.clip(poisson.ppf(d.uniforms(0, 1, x.shape), x / 255.0 * c) / c, 0, 1) * 255


def impulse_noise(x, c, d):
    one = lambda p: p if d.uniform() >= c else 255 if d.uniform() < 0.5 else 0
    return np.array([one(p) for p in x.ravel()]).reshape(x.shape)


def defocus_blur(x, c, d):
    k = disk(*c)
    return np.clip(np.dstack([cv2.filter2D(x[:, :, i] / 255.0, -1, k) for i in range(3)]), 0, 1) * 255


def glass_blur(x, c, d):
    sigma, reach, times = c
    x = np.uint8(blurred(x / 255.0, sigma) * 255)
    for _ in range(times):
        for h in range(x.shape[0] - reach, reach, -1):
            for w in range(x.shape[1] - reach, reach, -1):
                dx = d.below(2 * reach) - reach
                dy = d.below(2 * reach) - reach
                x[h, w], x[h + dy, w + dx] = x[h + dy, w + dx], x[h, w]
    return np.clip(blurred(x / 255.0, sigma), 0, 1) * 255


def motion_blur(x, c, d):
    return moved(x, *c, d.between(-45, 45))


def zoom_blur(x, c, d):
    x = (x / 255.0).astype(np.float32)
    zooms = np.arange(1, *c)
    out = np.zeros_like(x)
    for z in zooms:
        out += clipped_zoom(x, z)
    return np.clip((x + out) / (len(zooms) + 1), 0, 1) * 255


def snow(x, c, d):
    mean, spread, zoom, threshold, radius, sigma, keep = c
    x = np.array(x, dtype=np.float32) / 255.0
    layer = clipped_zoom((mean + spread * d.normals(x.shape[:2]))[..., np.newaxis], zoom).squeeze()
    layer[layer < threshold] = 0
    layer = moved((np.clip(layer, 0, 1) * 255).astype(np.uint8), radius, sigma, d.between(-135, -45))
    layer = (layer / 255.0)[..., np.newaxis]
    white = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., np.newaxis] * 1.5 + 0.5
    x = keep * x + (1 - keep) * np.maximum(x, white)
    return np.clip(x + layer + np.rot90(layer, k=2), 0, 1) * 255


def texture(i):
    """Six pictures that stand for ice."""
    h, w = 80 + 3 * i, 90 + 5 * i
    y, x, k = np.meshgrid(np.arange(h), np.arange(w), np.arange(3), indexing="ij")
    return (7 * y + 13 * x + 29 * k + x * y * (i + 1)) % 256


def frost(x, c, d):
    t = texture(d.below(5))
    top = d.below(t.shape[0] - x.shape[0])
    left = d.below(t.shape[1] - x.shape[1])
    return np.clip(c[0] * x + c[1] * t[top : top + x.shape[0], left : left + x.shape[1]], 0, 255)


def fog(x, c, d):
    n = 2
    while n < max(x.shape):
        n *= 2
    x = x / 255.0
    most = x.max()
    x += c[0] * plasma(n, c[1], d)[: x.shape[0], : x.shape[1]][..., np.newaxis]
    return np.clip(x * most / (most + c[0]), 0, 1) * 255


def brightness(x, c, d):
    return in_hsv(x, 2, lambda v: v + c)


def saturate(x, c, d):
    return in_hsv(x, 1, lambda s: s * c[0] + c[1])


def contrast(x, c, d):
    x = x / 255.0
    mean = x.mean(axis=(0, 1), keepdims=True)
    return np.clip((x - mean) * c + mean, 0, 1) * 255


def elastic_transform(x, c, d, side):
    alpha, sigma, affine = (side * v for v in c)
    x = np.array(x, dtype=np.float32) / 255.0
    h, w = x.shape[:2]
    s, m = min(h, w) // 3, np.float32([w // 2, h // 2])
    before = np.float32([m + s, [m[0] + s, m[1] - s], m - s])
    after = before + d.uniforms(-affine, affine, before.shape).astype(np.float32)
    x = cv2.warpAffine(x, cv2.getAffineTransform(before, after), (w, h), borderMode=cv2.BORDER_REFLECT_101)
    field = lambda: gaussian(d.uniforms(-1, 1, (h, w)), sigma, mode="reflect", truncate=3) * alpha
    dx, dy = field().astype(np.float32), field().astype(np.float32)
    v, u, k = np.meshgrid(np.arange(h), np.arange(w), np.arange(3), indexing="ij")
    places = [v + dy[..., np.newaxis], u + dx[..., np.newaxis], k]
    return np.clip(map_coordinates(x, places, order=1, mode="reflect"), 0, 1) * 255


def pixelate(x, c, d):
    h, w = x.shape[:2]
    return np.array(Image.fromarray(x).resize((int(w * c), int(h * c)), Image.BOX).resize((w, h), Image.BOX))


def jpeg_compression(x, c, d):
    image = io.BytesIO()
    Image.fromarray(x).save(image, "JPEG", quality=c)
    return np.array(Image.open(image))


def speckle_noise(x, c, d):
    x = x / 255.0
    return np.clip(x + x * (c * d.normals(x.shape)), 0, 1) * 255


def gaussian_blur(x, c, d):
    return np.clip(blurred(x / 255.0, c), 0, 1) * 255


def spatter(x, c, d):
    mean, spread, sigma, threshold, strength, is_mud = c
    x = np.array(x, dtype=np.float32) / 255.0
    layer = gaussian(mean + spread * d.normals(x.shape[:2]), sigma=sigma)
    layer[layer < threshold] = 0
    if is_mud:
        m = gaussian((layer > threshold).astype(np.float32), sigma=strength)
        m[m < 0.8] = 0
        m = m[..., np.newaxis]
        return np.clip(x * (1 - m) + np.float32([63, 42, 20]) / 255 * m, 0, 1) * 255
    layer = (layer * 255).astype(np.uint8)
    near = cv2.distanceTransform(255 - cv2.Canny(layer, 50, 150), cv2.DIST_L2, 5)
    near = cv2.blur(np.minimum(near, 20), (3, 3)).astype(np.uint8)
    heights = cv2.equalizeHist(near)
    slopes = cv2.filter2D(heights, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    light = layer * cv2.blur(slopes, (3, 3)).astype(np.float32)
    light = light / max(light.max(), 1e-30) * strength
    return np.clip(x + light[..., np.newaxis] * np.float32([175, 238, 238]) / 255, 0, 1) * 255


CIFAR = {
    gaussian_noise: [0.04, 0.06, 0.08, 0.09, 0.10],
    shot_noise: [500, 250, 100, 75, 50],
    impulse_noise: [0.01, 0.02, 0.03, 0.05, 0.07],
    defocus_blur: [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
    glass_blur: [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)],
    motion_blur: [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)],
    zoom_blur: [(stop, 0.01) for stop in (1.06, 1.11, 1.16, 1.21, 1.26)],
    snow: [
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    ],
    frost: [(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)],
    fog: [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)],
    brightness: [0.05, 0.1, 0.15, 0.2, 0.3],
    contrast: [0.75, 0.5, 0.4, 0.3, 0.15],
    elastic_transform: [(0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)],
    pixelate: [0.95, 0.9, 0.85, 0.75, 0.65],
    jpeg_compression: [80, 65, 58, 50, 40],
    speckle_noise: [0.06, 0.1, 0.12, 0.16, 0.2],
    gaussian_blur: [0.4, 0.6, 0.7, 0.8, 1],
    spatter: [
        (0.62, 0.1, 0.7, 0.7, 0.5, 0),
        (0.65, 0.1, 0.8, 0.7, 0.5, 0),
        (0.65, 0.3, 1, 0.69, 0.5, 0),
        (0.65, 0.1, 0.7, 0.69, 0.6, 1),
        (0.65, 0.1, 0.5, 0.68, 0.6, 1),
    ],
    saturate: [(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)],
}
IMAGENET = {
    gaussian_noise: [0.08, 0.12, 0.18, 0.26, 0.38],
    shot_noise: [60, 25, 12, 5, 3],
    impulse_noise: [0.03, 0.06, 0.09, 0.17, 0.27],
    defocus_blur: [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)],
    glass_blur: [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)],
    motion_blur: [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)],
    zoom_blur: [(1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)],
    snow: [
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    ],
    frost: [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)],
    fog: [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)],
    brightness: [0.1, 0.2, 0.3, 0.4, 0.5],
    contrast: [0.4, 0.3, 0.2, 0.1, 0.05],
    elastic_transform: [(2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)],
    pixelate: [0.6, 0.5, 0.4, 0.3, 0.25],
    jpeg_compression: [25, 18, 15, 10, 7],
    speckle_noise: [0.15, 0.2, 0.35, 0.45, 0.6],
    gaussian_blur: [1, 2, 3, 4, 6],
    spatter: [
        (0.65, 0.3, 4, 0.69, 0.6, 0),
        (0.65, 0.3, 3, 0.68, 0.6, 0),
        (0.65, 0.3, 2, 0.68, 0.5, 0),
        (0.65, 0.3, 1, 0.65, 1.5, 1),
        (0.67, 0.4, 1, 0.65, 1.5, 1),
    ],
    saturate: [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)],
}
KEY, INDEX = (0x9E3779B9, 0x243F6A88), 7


def corrupted(x, table, corruption, severity, side):
    extra = (side,) if corruption is elastic_transform else ()
    return np.uint8(corruption(x, table[corruption][severity - 1], Draws(KEY, INDEX), *extra))


def small(x, h, w):
    return np.array(Image.fromarray(x).resize((w, h), Image.LANCZOS))


def main():
    astronaut, cat = sk.data.astronaut()[0:256, 96:352], sk.data.chelsea()
    pictures = {"cifar": small(astronaut, 32, 32), "imagenet": small(cat, 26, 38)}
    arrays = dict(pictures)
    for name, table in (("cifar", CIFAR), ("imagenet", IMAGENET)):
        x = pictures[name]
        side = min(x.shape[:2]) * (244 / 224 if name == "imagenet" else 1)
        for corruption in table:
            arrays[f"{name}/{corruption.__name__}"] = np.stack(
                [corrupted(x, table, corruption, severity, side) for severity in range(1, 6)]
            )
    np.savez_compressed(Path(__file__).parent.parent / "corruptions.npz", **arrays)


def compare(folder, clean):
    pictures = np.load(clean)
    fixed = (defocus_blur, zoom_blur, brightness, contrast, jpeg_compression, pixelate, gaussian_blur, saturate)
    for corruption in fixed:
        ours = np.load(Path(folder) / f"{corruption.__name__}.npy").reshape(5, *pictures.shape)
        theirs = np.stack(
            [[corrupted(x, CIFAR, corruption, s, 32) for x in pictures] for s in range(1, 6)]
        )
        off = np.abs(ours.astype(int) - theirs)
        psnr = 10 * np.log10(255**2 / max(np.mean(off**2.0), 1e-9))
        print(f"{corruption.__name__:18} within 1: {np.mean(off <= 1):.5%}  equal: {np.mean(off == 0):.3%}  PSNR {psnr:.1f} dB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--compare"]:
        compare(*sys.argv[2:4])
    else:
        main()
