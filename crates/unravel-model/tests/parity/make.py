"""Makes parity.safetensors: 20 steps of every objective in PyTorch, in float64 on the CPU.

    pip install torch numpy
    python make.py

One tiny network, the same initial weights, batches, noise and permutations for every case. The Rust test
(src/cohort/tests/parity.rs) starts from them and must arrive at the same parameters. Nothing here knows how the Rust
code computes anything: layers are torch.nn.functional, gradients torch.autograd, updates torch.optim.Adam, and the
losses are written from the equations of the papers.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

STEPS, BATCH, LATENTS, SIDE, N_POINTS = 20, 6, 3, 8, 40
LEARNING_RATE, DISCRIMINATOR_LEARNING_RATE = 1e-3, 2e-3

# (kind, kernel or None, inputs, outputs, activation); convolutions have stride 2.
ENCODER = [
    ("conv", 4, 1, 3, "relu"),
    ("conv", 2, 3, 4, "relu"),
    ("linear", None, 16, 6, "relu"),
    ("linear", None, 6, 2 * LATENTS, None),
]
DECODER = [
    ("linear", None, LATENTS, 6, "tanh"),
    ("linear", None, 6, 16, "relu"),
    ("up", 4, 4, 3, "relu"),
    ("up", 4, 3, 1, None),
]
DISCRIMINATOR = [
    ("linear", None, LATENTS, 5, "leaky"),
    ("linear", None, 5, 5, "leaky"),
    ("linear", None, 5, 2, None),
]
SMALL_SIDE = 2  # of the decoder's first image
ACTIVATIONS = {
    None: lambda x: x,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "leaky": lambda x: F.leaky_relu(x, 0.2),
}


def linear(start, stop, begin, until):
    return lambda t: start + (stop - start) * min(max(t - begin, 0) / (until - begin), 1)


def cosine(start, stop, begin, until):
    part = linear(0, 1, begin, until)
    return lambda t: start + (stop - start) * (1 - math.cos(math.pi * part(t))) / 2


def cyclic(start, stop, period, rise):
    return lambda t: start + (stop - start) * min((t % period) / period / rise, 1)


# Weights by regulariser; a number or a function of the updates made before.
CASES = {
    "vae": dict(kl=1),
    "beta-vae": dict(kl=4),
    "beta-vae-linear": dict(kl=linear(0, 8, 3, 15)),
    "beta-vae-cosine": dict(kl=cosine(0, 8, 0, 15)),
    "beta-vae-cyclic": dict(kl=cyclic(0, 8, 8, 0.5)),
    "beta-vae-gaussian": dict(kl=4, variance=0.1),
    "annealed-vae": dict(capacity=(10, 3, 15)),
    "factor-vae-second": dict(kl=1, gamma=10, permuted="second"),
    "factor-vae-same": dict(kl=1, gamma=10, permuted="same"),
    "beta-tc-vae-weighted": dict(kl=1, parts=(0, 5, 0), estimator="weighted"),
    "beta-tc-vae-stratified": dict(kl=1, parts=(-0.5, 5, 1), estimator="stratified"),
    "dip-vae-i": dict(kl=1, dip=("i", 5, 10)),
    "dip-vae-ii": dict(kl=1, dip=("ii", 5, 1)),
    "combined": dict(
        kl=linear(0, 4, 0, 10),
        gamma=5,
        permuted="second",
        parts=(0.5, 3, 1.5),
        estimator="stratified",
        dip=("ii", 2, 3),
    ),
}


def shapes(layers):
    for kind, kernel, inputs, outputs, _ in layers:
        if kind == "linear":
            yield (inputs, outputs), (outputs,)
        else:
            # Kernel rows, kernel columns, channels of the large image, channels of the small one.
            large, small = (inputs, outputs) if kind == "conv" else (outputs, inputs)
            yield (kernel, kernel, large, small), (outputs,)


def initial(rng):
    networks = {"encoder": ENCODER, "decoder": DECODER, "discriminator": DISCRIMINATOR}
    arrays = {}
    for name, layers in networks.items():
        for at, (weight, bias) in enumerate(shapes(layers)):
            scale = 1.2 / math.sqrt(np.prod(weight[:-1]))
            arrays[f"{name}.{at}.weight"] = scale * rng.standard_normal(weight)
            arrays[f"{name}.{at}.bias"] = 0.1 * rng.standard_normal(bias)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def forward(parameters, name, layers, x):
    """Images are [batch, height, width, channels], flat wherever a linear layer wants them so."""
    for at, (kind, kernel, inputs, _, activation) in enumerate(layers):
        weight, bias = parameters[f"{name}.{at}.weight"], parameters[f"{name}.{at}.bias"]
        if kind == "linear":
            x = x.reshape(len(x), -1) @ weight + bias
        else:
            if x.dim() == 2:
                x = x.reshape(len(x), SMALL_SIDE, SMALL_SIDE, inputs)
            x, weight = x.permute(0, 3, 1, 2), weight.permute(3, 2, 0, 1)
            operation = F.conv2d if kind == "conv" else F.conv_transpose2d
            x = operation(x, weight, bias, stride=2, padding=(kernel - 2) // 2)
            x = x.permute(0, 2, 3, 1)
        x = ACTIVATIONS[activation](x)
    return x


def encode(parameters, images, noise):
    out = forward(parameters, "encoder", ENCODER, images.reshape(-1, SIDE, SIDE, 1))
    mean, logvar = out[:, :LATENTS], out[:, LATENTS:]
    return mean, logvar, mean + torch.exp(0.5 * logvar) * noise


def reconstruction(parameters, z, images, variance):
    logits = forward(parameters, "decoder", DECODER, z).reshape(len(z), -1)
    if variance is None:
        loss = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    else:
        normal = torch.distributions.Normal(torch.sigmoid(logits), math.sqrt(variance))
        loss = -normal.log_prob(images)
    return loss.sum(1).mean()


def kl_divergence(mean, logvar):
    posterior = torch.distributions.Normal(mean, torch.exp(0.5 * logvar))
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return torch.distributions.kl_divergence(posterior, prior).sum(1).mean()


def decomposition(mean, logvar, z, estimator):
    """Mutual information, total correlation, dimension-wise KL."""
    weights = torch.full((BATCH, BATCH), 1 / (N_POINTS * BATCH), dtype=torch.float64)
    if estimator == "stratified":
        others = BATCH - 1
        weights.fill_(1 / others)
        for row in range(BATCH):
            weights[row, row] = 1 / N_POINTS
            weights[row, (row + 1) % BATCH] = (N_POINTS - others) / (N_POINTS * others)
    components = torch.distributions.Normal(mean[None], torch.exp(0.5 * logvar)[None])
    pairs = components.log_prob(z[:, None])  # code of row i under the posterior of column j
    given = torch.diagonal(pairs.sum(2))
    joint = torch.logsumexp(pairs.sum(2) + weights.log(), dim=1)
    marginals = torch.logsumexp(pairs + weights.log()[:, :, None], dim=1).sum(1)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
    return (given - joint).mean(), (joint - marginals).mean(), (marginals - prior).mean()


def dip(mean, logvar, kind):
    covariance = torch.cov(mean.T, correction=0)
    if kind == "ii":
        covariance = covariance + torch.diag(torch.exp(logvar).mean(0))
    diagonal = torch.diagonal(covariance)
    off = covariance - torch.diag(diagonal)
    return (off**2).sum(), ((diagonal - 1) ** 2).sum()


def train(case, start, data):
    parameters = {
        name: torch.tensor(array, dtype=torch.float64, requires_grad=True)
        for name, array in start.items()
    }
    of = lambda *names: [p for n, p in parameters.items() if n.split(".")[0] in names]
    adam = torch.optim.Adam(of("encoder", "decoder"), LEARNING_RATE, (0.9, 0.999), 1e-8)
    judge = torch.optim.Adam(of("discriminator"), DISCRIMINATOR_LEARNING_RATE, (0.5, 0.9), 1e-8)
    discriminate = lambda z: forward(parameters, "discriminator", DISCRIMINATOR, z)
    for t in range(STEPS):
        now = lambda weight: weight(t) if callable(weight) else weight
        images, second_images = data["images"][t]
        noise, second_noise = data["noise"][t]
        mean, logvar, z = encode(parameters, images, noise)
        loss = reconstruction(parameters, z, images, case.get("variance"))
        kl = kl_divergence(mean, logvar)
        loss = loss + now(case.get("kl", 0)) * kl
        if "capacity" in case:
            gamma, c_max, threshold = case["capacity"]
            loss = loss + gamma * torch.abs(kl - c_max * min(t / threshold, 1))
        if "gamma" in case:
            logits = discriminate(z)
            loss = loss + case["gamma"] * (logits[:, 0] - logits[:, 1]).mean()
        if "parts" in case:
            parts = decomposition(mean, logvar, z, case["estimator"])
            loss = loss + sum(w * part for w, part in zip(case["parts"], parts))
        if "dip" in case:
            kind, lambda_od, factor = case["dip"]
            off, diagonal = dip(mean, logvar, kind)
            loss = loss + lambda_od * off + factor * lambda_od * diagonal
        adam.zero_grad()
        loss.backward()
        adam.step()
        if "gamma" in case:
            with torch.no_grad():
                other = z if case["permuted"] == "same" else encode(parameters, second_images, second_noise)[2]
                order = data["permutations"][t]
                permuted = torch.stack([other[order[:, d], d] for d in range(LATENTS)], dim=1)
            logits = torch.cat([discriminate(z.detach()), discriminate(permuted)])
            labels = torch.tensor([0] * BATCH + [1] * BATCH)
            judge.zero_grad()
            F.cross_entropy(logits, labels).backward()
            judge.step()
    kept = lambda name: "gamma" in case or not name.startswith("discriminator")
    return {name: p.detach().numpy() for name, p in parameters.items() if kept(name)}


def write_safetensors(path, arrays):
    types = {"float32": "F32", "float64": "F64", "int32": "I32"}
    header, offset = {}, 0
    for name, array in arrays.items():
        span = [offset, offset + array.nbytes]
        header[name] = {"dtype": types[array.dtype.name], "shape": array.shape, "data_offsets": span}
        offset = span[1]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).tobytes())


def main():
    torch.set_num_threads(1)
    rng = np.random.default_rng(20190424)
    start = initial(rng)
    shape = (STEPS, 2, BATCH)
    images = (rng.random((*shape, SIDE * SIDE)) < 0.3) * rng.random((*shape, SIDE * SIDE))
    draws = {
        "images": images.astype(np.float32),
        "noise": rng.standard_normal((*shape, LATENTS)).astype(np.float32),
        "permutations": np.stack(
            [np.stack([rng.permutation(BATCH) for _ in range(LATENTS)], axis=1) for _ in range(STEPS)]
        ).astype(np.int32),
    }
    data = {name: torch.tensor(array) for name, array in draws.items()}
    data = {n: (t.long() if n == "permutations" else t.double()) for n, t in data.items()}
    arrays = {f"draws/{name}": array for name, array in draws.items()}
    arrays |= {f"initial/{name}": array for name, array in start.items()}
    for name, case in CASES.items():
        arrays |= {f"{name}/{key}": array for key, array in train(case, start, data).items()}
    write_safetensors(Path(__file__).with_name("parity.safetensors"), arrays)


if __name__ == "__main__":
    main()
