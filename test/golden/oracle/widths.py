"""Sizes of torchvision's narrower and wider MobileNet-V2, as rows of model-sizes.csv. Printed by torchvision 0.14.1."""

import torchvision

for width in (8, 16, 40):
    model = torchvision.models.mobilenet_v2(width_mult=width / 32)
    parameters = list(model.parameters())
    weights = [p for p in parameters if p.dim() > 1]
    row = [f"tv_mobilenet_v2_w{width}", *(sum(p.numel() for p in of) for of in (parameters, weights)), len(weights)]
    print(*row, sep=",")
