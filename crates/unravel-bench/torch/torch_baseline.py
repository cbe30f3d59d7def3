#!/usr/bin/env python3
"""PyTorch baseline: images per second of training a VAE on 64x64 binary images.

The same work that `unravel` does in a step: conv VAE, Bernoulli loss from logits summed over pixels, Adam, batch 64, 10
latents; with `--objective factor-vae` also the discriminator (6 x 1000 leaky ReLU, its own Adam) and the second batch of
Algorithm 2 in Kim & Mnih 2018. Adam is the fused one. Images are made beforehand: no step here pays for its data.
One line of JSON per mode. Needs torch only.

    torch_baseline.py cpu  [--arch conv-4x4] [--objective beta-vae] [--seconds 10] [--threads N] [--modes ...]
    torch_baseline.py cuda [--arch conv-4x4] [--objective beta-vae] [--seconds 10] [--models 1,4,16,64] [--modes ...]

CPU modes:  default           the default layout, all cores in one process
            channels_last     channels last, all cores in one process
            process_per_core  channels last, one single-threaded process per core; the sum of their rates
CUDA modes: eager, compile (torch.compile), cuda_graph (of the whole step), vmap and vmap_compile (a stacked ensemble of
            M models); tf32 everywhere. Rates are images/s summed over the models of the ensemble.
"""
import argparse
import json
import multiprocessing as mp
import os
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

# Input channels, output channels and kernel side of the encoder's convolutions; units of its hidden layer.
ARCH = {
    "conv-4x4": ([(1, 32, 4), (32, 32, 4), (32, 64, 4), (64, 64, 4)], 256),
    "conv-locatello": ([(1, 32, 4), (32, 32, 4), (32, 64, 2), (64, 64, 2)], 256),
    "conv-small": ([(1, 8, 4), (8, 16, 4), (16, 32, 4), (32, 32, 4)], 128),
}
LATENTS, BETA, GAMMA = 10, 4.0, 10.0
CPU_MODES = ["default", "channels_last", "process_per_core"]
CUDA_MODES = ["eager", "compile", "cuda_graph", "vmap", "vmap_compile"]


class Vae(nn.Module):
    def __init__(self, arch):
        super().__init__()
        convs, units = ARCH[arch]
        top = convs[-1][1]
        enc = []
        for i, o, k in convs:
            enc += [nn.Conv2d(i, o, k, 2, (k - 2) // 2), nn.ReLU()]
        self.enc = nn.Sequential(*enc, nn.Flatten(), nn.Linear(16 * top, units), nn.ReLU(),
                                 nn.Linear(units, 2 * LATENTS))
        dec = [nn.Linear(LATENTS, units), nn.ReLU(), nn.Linear(units, 16 * top), nn.ReLU(),
               nn.Unflatten(1, (top, 4, 4))]
        for i, o, _ in reversed(convs):
            dec += [nn.ConvTranspose2d(o, i, 4, 2, 1), nn.ReLU()]
        self.dec = nn.Sequential(*dec[:-1])

    def sample(self, x, eps):
        mu, logvar = self.enc(x).chunk(2, 1)
        return mu + eps * (logvar * 0.5).exp(), mu, logvar

    def forward(self, x, eps, beta):
        """Reconstruction plus beta times KL, in nats per image; and the sampled codes."""
        z, mu, logvar = self.sample(x, eps)
        rec = F.binary_cross_entropy_with_logits(self.dec(z), x, reduction="sum") / x.shape[0]
        kl = 0.5 * (mu * mu + logvar.exp() - logvar - 1).sum() / x.shape[0]
        return rec + beta * kl, z


class Discriminator(nn.Sequential):
    def __init__(self, layers=6, units=1000):
        sizes = [LATENTS] + [units] * layers
        hidden = [m for i, o in zip(sizes, sizes[1:]) for m in (nn.Linear(i, o), nn.LeakyReLU(0.2))]
        super().__init__(*hidden, nn.Linear(units, 2))


def total_correlation(logits):
    return (logits[:, 0] - logits[:, 1]).mean()


def permuted(codes, order):
    """Each code permuted over the batch on its own."""
    return codes.gather(0, order)


def images(batch, device, n):
    g = torch.Generator().manual_seed(0)
    return [(torch.rand(batch, 1, 64, 64, generator=g) < 0.0425).float().to(device) for _ in range(n)]


def adam(parameters, rate, betas, **options):
    return torch.optim.Adam(parameters, rate, betas, fused=True, **options)


class Training:
    """One model in training; `step` makes one update of everything it consists of."""

    def __init__(self, a, device, channels_last=False, compiled=False, **adam_options):
        torch.manual_seed(0)
        self.batch, self.device, self.is_factor = a.batch, device, a.objective == "factor-vae"
        self.vae, self.xs = Vae(a.arch).to(device), images(a.batch, device, 8)
        if channels_last:
            self.vae = self.vae.to(memory_format=torch.channels_last)
            self.xs = [x.to(memory_format=torch.channels_last) for x in self.xs]
        self.parameters = list(self.vae.parameters())
        self.adam = adam(self.parameters, 1e-4, (0.9, 0.999), **adam_options)
        self.forward, self.sample = self.vae, self.vae.sample
        if self.is_factor:
            self.disc = Discriminator().to(device)
            self.disc_parameters = list(self.disc.parameters())
            self.disc_adam = adam(self.disc_parameters, 1e-4, (0.5, 0.9), **adam_options)
            self.labels = torch.arange(2, device=device).repeat_interleave(a.batch)
            self.judge = self.disc
        if compiled:
            self.forward, self.sample = torch.compile(self.vae), torch.compile(self.vae.sample)
            if self.is_factor:
                self.judge = torch.compile(self.disc)

    def noise(self):
        return torch.randn(self.batch, LATENTS, device=self.device)

    def step(self, i):
        x = self.xs[2 * i % 8]
        if not self.is_factor:
            loss, _ = self.forward(x, self.noise(), BETA)
            update(loss, self.parameters, self.adam)
            return
        loss, z = self.forward(x, self.noise(), 1.0)
        loss = loss + GAMMA * total_correlation(self.judge(z))
        update(loss, self.parameters, self.adam)  # no gradient by the discriminator's weights
        with torch.no_grad():
            others, _, _ = self.sample(self.xs[(2 * i + 1) % 8], self.noise())
            order = torch.rand(self.batch, LATENTS, device=self.device).argsort(0)
            codes = torch.cat([z, permuted(others, order)])
        update(F.cross_entropy(self.judge(codes), self.labels), self.disc_parameters, self.disc_adam)


def update(loss, parameters, optimiser):
    for p, g in zip(parameters, torch.autograd.grad(loss, parameters)):
        p.grad = g
    optimiser.step()


def rate(step, images_per_step, seconds, device, ready=lambda: None):
    """Images per second, and per second of CPU time, of at least so many seconds after a warm-up."""
    cuda = device == "cuda"
    sync, block = (torch.cuda.synchronize, 20) if cuda else (lambda: None, 1)
    for i in range(10 if cuda else 3):
        step(i)
    sync()
    ready()
    n, cpu_start, start = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(block):
            step(n)
            n += 1
        sync()
    elapsed, cpu_secs = time.perf_counter() - start, time.process_time() - cpu_start
    return images_per_step * n / elapsed, images_per_step * n / cpu_secs


def one_process(a, channels_last):
    torch.set_num_threads(a.threads or os.cpu_count())
    return rate(Training(a, "cpu", channels_last).step, a.batch, a.seconds, "cpu")


def worker(a, barrier, queue):
    torch.set_num_threads(1)
    queue.put(rate(Training(a, "cpu", channels_last=True).step, a.batch, a.seconds, "cpu", barrier.wait))


def process_per_core(a):
    ctx, n = mp.get_context("spawn"), a.threads or os.cpu_count()
    queue, barrier = ctx.Queue(), ctx.Barrier(n)
    workers = [ctx.Process(target=worker, args=(a, barrier, queue)) for _ in range(n)]
    for w in workers:
        w.start()
    rates, cpu_rates = zip(*(queue.get() for _ in workers))
    for w in workers:
        w.join()
    return sum(rates), sum(cpu_rates) / n


def cpu(a):
    run = {"default": lambda: one_process(a, False), "channels_last": lambda: one_process(a, True),
           "process_per_core": lambda: process_per_core(a)}
    for mode in a.modes.split(",") if a.modes else CPU_MODES:
        show("cpu", a, mode, 1, run[mode]())


def graph(a):
    training = Training(a, "cuda", capturable=True)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(5):
            training.step(0)
    torch.cuda.current_stream().wait_stream(stream)
    g = torch.cuda.CUDAGraph()
    with torch.cuda.graph(g):
        training.step(0)
    return rate(lambda i: g.replay(), a.batch, a.seconds, "cuda")


def stacked(models):
    from torch.func import stack_module_state
    return stack_module_state(models)[0]


def ensemble(a, n, compiled, device="cuda"):
    from torch.func import functional_call, grad, vmap
    torch.manual_seed(0)
    params = stacked([Vae(a.arch).to(device) for _ in range(n)])
    vae, opt = Vae(a.arch).to("meta"), adam(params.values(), 1e-4, (0.9, 0.999))
    weights = torch.linspace(1, 16, n, device=device)
    first, second = (torch.stack([images(a.batch, device, 2)[i] for _ in range(n)]) for i in range(2))
    is_factor = a.objective == "factor-vae"
    disc_params, disc, labels = {}, None, None
    if is_factor:
        disc_params = stacked([Discriminator().to(device) for _ in range(n)])
        disc, disc_opt = Discriminator().to("meta"), adam(disc_params.values(), 1e-4, (0.5, 0.9))
        labels = torch.arange(2, device=device).repeat_interleave(a.batch)

    def vae_loss(p, d, x, eps, weight):
        if not is_factor:
            return functional_call(vae, (p,), (x, eps, weight))
        loss, z = functional_call(vae, (p,), (x, eps, 1.0))
        return loss + weight * total_correlation(functional_call(disc, (d,), (z,))), z

    def second_codes(p, x, eps):
        encoder = {k[len("enc."):]: v for k, v in p.items() if k.startswith("enc.")}
        mu, logvar = functional_call(vae.enc, (encoder,), (x,)).chunk(2, 1)
        return mu + eps * (logvar * 0.5).exp()

    def disc_loss(d, codes):
        return F.cross_entropy(functional_call(disc, (d,), (codes,)), labels)

    wrap = torch.compile if compiled else (lambda f: f)
    by_vae = wrap(vmap(grad(vae_loss, has_aux=True)))
    encode, by_disc = wrap(vmap(second_codes)), wrap(vmap(grad(disc_loss)))

    def assign(params, grads, optimiser):
        for k, p in params.items():
            p.grad = grads[k]
        optimiser.step()

    def noise():
        return torch.randn(n, a.batch, LATENTS, device=device)

    def step(_):
        grads, z = by_vae(params, disc_params, first, noise(), weights)
        assign(params, grads, opt)
        if is_factor:
            with torch.no_grad():
                others = encode(params, second, noise())
                codes = torch.cat([z, others.gather(1, torch.rand_like(others).argsort(1))], 1)
            assign(disc_params, by_disc(disc_params, codes), disc_opt)

    return rate(step, n * a.batch, a.seconds, device)


def cuda(a):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    name = torch.cuda.get_device_name()
    single = {"eager": lambda: rate(Training(a, "cuda").step, a.batch, a.seconds, "cuda"),
              "compile": lambda: rate(Training(a, "cuda", compiled=True).step, a.batch, a.seconds, "cuda"),
              "cuda_graph": lambda: graph(a)}
    for mode in a.modes.split(",") if a.modes else CUDA_MODES:
        for n in [1] if mode in single else map(int, a.models.split(",")):
            try:
                value = single[mode]() if mode in single else ensemble(a, n, mode == "vmap_compile")
            except Exception as e:  # out of memory, or no compiler: the other modes still count
                value = f"{type(e).__name__}: {str(e)[:160]}"
            torch.cuda.empty_cache()
            show(name, a, mode, n, value)


def show(device, a, mode, models, value):
    line = {"device": device, "arch": a.arch, "objective": a.objective, "mode": mode, "models": models,
            "torch": torch.__version__}
    if isinstance(value, str):
        line["failed"] = value
    else:
        line["images_per_s"], line["images_per_cpu_s"] = (round(x, 1) for x in value)
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("device", choices=["cpu", "cuda"])
    p.add_argument("--arch", choices=list(ARCH), default="conv-4x4")
    p.add_argument("--objective", choices=["beta-vae", "factor-vae"], default="beta-vae")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--seconds", type=float, default=10.0)
    p.add_argument("--threads", type=int, help="cores to use")
    p.add_argument("--models", default="1,4,16,64")
    p.add_argument("--modes", help="comma-separated; all by default")
    a = p.parse_args()
    (cuda if a.device == "cuda" else cpu)(a)
