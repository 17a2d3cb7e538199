"""functions.json: values of functions of one number, correctly rounded to float64 by mpmath; erf is Python's math.erf within one ulp.

python3 oracle/functions.py > functions.json        Python 3.11.7, mpmath 1.3.0
"""
import json
import math
import random

from mpmath import mp, mpf

mp.dps = 60
random.seed(1)


def spread(*scales):
    """Landmarks, and numbers of several sizes with both signs."""
    return [random.uniform(-s, s) for s in scales for _ in range(60)]


def sine(t):
    return mp.sin(2 * mp.pi * t)


def cosine(t):
    return mp.cos(2 * mp.pi * t)


# Where the method changes, and just beside.
bends = [x for e in (0.84375, 1.25, 1 / 0.35, 6, 0.4375, 0.6875, 1.1875, 2.4375) for x in (math.nextafter(e, 0), e, math.nextafter(e, 9))]
eighths = [i / 8 for i in range(-16, 17)] + [math.nextafter(i / 8, 9) for i in range(-8, 9)]
tables = {
    "erf": (mp.erf, [1e-300, 1e-20, 1e-8, 5.9, 6.5, 27, *bends, *[-x for x in bends], *spread(1e-3, 0.5, 1, 2, 4, 7)]),
    "atan": (mp.atan, [1e-300, 1e-20, 1e8, 1e300, *bends, *[-x for x in bends], *spread(1e-3, 0.5, 1, 2, 5, 100)]),
    "sinTurn": (sine, [1e-300, 1e-9, *eighths, *spread(1e-3, 0.2, 1, 40)]),
    "cosTurn": (cosine, [1e-300, 1e-9, *eighths, *spread(1e-3, 0.2, 1, 40)]),
}


def exact(f, x):
    y = f(mpf(x))
    return 0.0 if abs(y) < mpf(2) ** -150 and abs(x) > 1e-100 else float(y)


found = {name: [[x, exact(f, x)] for x in xs] for name, (f, xs) in tables.items()}
for x, y in found["erf"]:
    assert abs(math.erf(x) - y) <= math.ulp(y), x
print("{")
print(",\n".join(f'  "{name}": {json.dumps(rows)}' for name, rows in found.items()))
print("}")
