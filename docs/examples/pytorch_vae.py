"""A trial of unravel in PyTorch: `unravel export TRIAL` writes weights.safetensors, and this loads it.

    python pytorch_vae.py exports/<trial-id> [dsprites.npz]

With the dataset (`unravel dataset export dsprites.npz` writes it) it encodes the images of codes.npz again and says by
how much PyTorch's codes differ from those of unravel.
"""

import sys

import numpy as np
import torch
from safetensors import safe_open
from torch import nn

# Channels and kernels of the encoder's convolutions, and the units between them and the codes.
CONVOLUTIONAL = {
    "conv-locatello": ([(32, 4), (32, 4), (64, 2), (64, 2)], [256]),
    "conv-4x4": ([(32, 4), (32, 4), (64, 4), (64, 4)], [256]),
    "conv-kim-mnih": ([(32, 4), (32, 4), (64, 4), (64, 4)], [128]),
    "conv-burgess": ([(32, 4), (32, 4), (32, 4), (32, 4)], [256, 256]),
    "conv-small": ([(8, 4), (16, 4), (32, 4), (32, 4)], [128]),
}


class Vae(nn.Module):
    """Encoder and decoder of one architecture, for images [N, channels, height, width]."""

    def __init__(self, architecture, latents, image):
        super().__init__()
        if architecture == "mlp-higgins":
            self.encoder, units, self.decoder = mlp(latents, image)
        else:
            self.encoder, units, self.decoder = convolutional(*CONVOLUTIONAL[architecture], latents, image)
        self.z_mean = nn.Linear(units, latents)
        self.z_logvar = nn.Linear(units, latents)

    def encode(self, images):
        hidden = self.encoder(images)
        return self.z_mean(hidden), self.z_logvar(hidden)

    def decode(self, codes):
        """Logits of the pixels."""
        return self.decoder(codes)


def convolutional(convs, units, latents, image):
    height, width, channels = image
    sizes = [channels] + [size for size, _ in convs]
    encoder, decoder = [], []
    for before, (size, kernel) in zip(sizes, convs):
        encoder += [nn.Conv2d(before, size, kernel, stride=2, padding=(kernel - 2) // 2), nn.ReLU()]
    small = (sizes[-1], height // 16, width // 16)
    encoder.append(nn.Flatten())
    for before, size in zip([int(np.prod(small))] + units, units):
        encoder += [nn.Linear(before, size), nn.ReLU()]
    up = [latents] + units[::-1] + [int(np.prod(small))]
    for before, size in zip(up, up[1:]):
        decoder += [nn.Linear(before, size), nn.ReLU()]
    decoder.append(nn.Unflatten(1, small))
    for before, size in zip(sizes[::-1], sizes[-2::-1]):
        decoder += [nn.ConvTranspose2d(before, size, 4, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*encoder), units[-1], nn.Sequential(*decoder[:-1])


def mlp(latents, image):
    height, width, channels = image
    pixels = height * width * channels
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 1200), nn.ReLU(), nn.Linear(1200, 1200), nn.ReLU())
    decoder = nn.Sequential(
        *(nn.Linear(latents, 1200), nn.Tanh(), nn.Linear(1200, 1200), nn.Tanh(), nn.Linear(1200, 1200), nn.Tanh()),
        *(nn.Linear(1200, pixels), nn.Unflatten(1, (channels, height, width))),
    )
    return encoder, 1200, decoder


def load(path):
    """The model of an exported weights.safetensors."""
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
        weights = {name: file.get_tensor(name) for name in file.keys()}
    image = [int(size) for size in about["image"].split("x")]
    vae = Vae(about["architecture"], int(about["latents"]), image)
    vae.load_state_dict(weights)
    return vae.eval()


def main(folder, dataset=None):
    vae = load(f"{folder}/weights.safetensors")
    print(f"{sum(weight.numel() for weight in vae.parameters()):,} weights loaded")
    if dataset is None:
        return
    exported, official = np.load(f"{folder}/codes.npz"), np.load(dataset)
    images = official["imgs"][exported["points"]]
    worst = 0.0
    with torch.no_grad():
        for start in range(0, len(images), 1000):
            batch = torch.from_numpy(images[start : start + 1000]).float()[:, None]
            for found, name in zip(vae.encode(batch), ("codes", "logvars")):
                worst = max(worst, np.abs(found.numpy() - exported[name][start : start + 1000]).max())
    print(f"{len(images):,} images: means and log variances differ by {worst:.1e} at the most")


if __name__ == "__main__":
    main(*sys.argv[1:])
