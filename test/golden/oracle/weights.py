"""A file of weights as PyTorch has them: the whole state dict of a network, in the safetensors format.

python3 weights.py NAME FILE: NAME is a network of networks.py that has a form for large images, and gets 224 pixels
and 1000 classes. The weights are those that PyTorch
draws, seed 0, and the running statistics those after three batches of noise. The metadata have the logits, in float32
and eval mode, of the two images that `uniform("images", ...)` of networks.py gives.
Without arguments: ../resnet18-w2.safetensors, the one that the tests load.
"""

import json
import os
import struct
import sys

from networks import CASES, Basic, Resnet, torch, uniform, np

DTYPES = {torch.float32: "F32", torch.int64: "I64"}


def images(count, size):
    x = uniform("images", count * 3 * size * size).reshape(count, 3, size, size) * 4 - 2
    return torch.from_numpy(x.astype(np.float32))


def write(path, tensors, metadata):
    # A header that is a multiple of 8 long, and the tensors with the widest numbers first, keep all of them aligned.
    order = sorted(tensors, key=lambda name: -tensors[name].element_size())
    header, end = {"__metadata__": metadata}, 0
    for name in order:
        size = tensors[name].numel() * tensors[name].element_size()
        header[name] = {
            "dtype": DTYPES[tensors[name].dtype],
            "shape": list(tensors[name].shape),
            "data_offsets": [end, end + size],
        }
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            out.write(tensors[name].contiguous().numpy().tobytes())


def main(path, make, size, classes, model):
    torch.manual_seed(0)
    network = make(classes)
    with torch.no_grad():
        network.train()
        for _ in range(3):
            network(torch.randn(4, 3, size, size))
        network.eval()
        logits = network(images(2, size))
    about = {"model": model, "size": size, "classes": classes, "logits": logits.flatten().tolist()}
    write(path, network.state_dict(), {"qgen-test": json.dumps(about)})


if __name__ == "__main__":
    if len(sys.argv) == 1:
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
        main(
            os.path.join(folder, "resnet18-w2.safetensors"),
            lambda k: Resnet(Basic, [2, 2, 2, 2], 2, k),
            32,
            10,
            "resnet18:w2",
        )
    else:
        name, path = sys.argv[1:3]
        make = next(make for model, size, _, _, make in CASES if model == name and size >= 64)
        main(path, (lambda k: make(k, size=224)) if name == "deit-t" else make, 224, 1000, name)
