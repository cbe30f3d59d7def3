"""Codes and logits that PyTorch computes with weights and images given by a formula: the reference of `unravel export`.

    python tests/golden/pytorch_vae.py > tests/golden/pytorch_vae.json

The modules are those of docs/examples/pytorch_vae.py. The value of a weight follows from the place of its tensor among
the sorted names, t, and its own place in the tensor as PyTorch lays it out, i: (2 u(i, t) - 1) sqrt(6 / n), where u is
noise(i, t) and n the number of values that one output reads, or 10 for a bias. Pixel p of image m, channels last, is
u(p, 100 + m). The logits are those of the means at every 1,021st pixel, channels last (every 7th of small images).
"""

import json
import pathlib
import sys

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "docs" / "examples"))
from pytorch_vae import CONVOLUTIONAL, Vae

LATENTS, N_IMAGES = 3, 2


def noise(i, t):
    """Something irregular from 0 to 1, which any language can repeat in double precision."""
    product = np.sin(12.9898 * i + 78.233 * t) * 43758.5453
    return product - np.floor(product)


def fill(vae):
    state = vae.state_dict()
    for t, name in enumerate(sorted(state)):
        shape = tuple(state[name].shape)
        n = np.prod(shape[1:]) if 1 < len(shape) else 10
        values = (2 * noise(np.arange(np.prod(shape)), t) - 1) * np.sqrt(6 / n)
        state[name] = torch.from_numpy(values.astype(np.float32).reshape(shape))
    vae.load_state_dict(state)


def case(architecture, image):
    vae = Vae(architecture, LATENTS, image)
    fill(vae)
    pixels = np.arange(np.prod(image))
    images = np.stack([noise(pixels, 100 + m) for m in range(N_IMAGES)]).astype(np.float32)
    with torch.no_grad():
        channels_first = torch.from_numpy(images.reshape(N_IMAGES, *image)).permute(0, 3, 1, 2)
        z_mean, z_logvar = vae.encode(channels_first)
        logits = vae.decode(z_mean).permute(0, 2, 3, 1).reshape(N_IMAGES, -1)[:, :: 1021 if 1021 < len(pixels) else 7]
    rounded = lambda tensor: [float(f"{x:.7g}") for x in tensor.flatten().tolist()]
    return {
        "architecture": architecture,
        "image": image,
        "shapes": {name: list(weight.shape) for name, weight in sorted(vae.state_dict().items())},
        "z_mean": rounded(z_mean),
        "z_logvar": rounded(z_logvar),
        "logits": rounded(logits),
    }


torch.set_num_threads(1)
cases = [case(architecture, [64, 64, 1]) for architecture in [*CONVOLUTIONAL, "mlp-higgins"]]
cases += [case("conv-small", [32, 64, 3]), case("mlp-higgins", [4, 6, 3])]
lines = ",\n".join(json.dumps(one) for one in cases)
print(f'{{"torch": "{torch.__version__}", "cases": [\n{lines}\n]}}')
