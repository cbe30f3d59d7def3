#!/usr/bin/env python3
"""Writes information.json: scores over the whole grid by their definitions, in plain NumPy.

Needs NumPy and SciPy (made with 2.4.6 and 1.17.1); takes some minutes on one core. Codes are binned as the README says; all
arithmetic is in double precision. MIG-sup, JEMMIG and DCIMIG are from the papers named in the metrics' files, the exact
FactorVAE score is the limit of large groups and many votes.
"""
import json
import pathlib

import make_reps
import numpy as np

SIZES = make_reps.DSPRITES
N_BINS = 20
ACTIVE_SD = 0.05


def binned(codes):
    bins = np.zeros(codes.shape, dtype=np.int64)
    for j, x in enumerate(codes.T):
        lo, hi = x.min(), x.max()
        if lo < hi:
            edges = lo + np.arange(N_BINS) * ((hi - lo) / N_BINS)
            bins[:, j] = np.searchsorted(edges, x, side="right") - 1
    return bins


def entropy(counts):
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def joint(bins, values, size):
    return np.bincount(values * N_BINS + bins, minlength=size * N_BINS).reshape(size, N_BINS)


def top_two(values):
    second, first = np.sort(values)[-2:]
    return first, second


def mig_sup(information, entropies):
    """Mean over codes of the gap between the two factors of which a code knows the largest shares."""
    gaps = [np.subtract(*top_two(row / entropies)) for row in information]
    return float(np.mean(gaps))


def jemmig(information, code_entropies, entropies):
    nats, normalised = [], []
    for k, factor_entropy in enumerate(entropies):
        column = information[:, k]
        best = int(np.argmax(column))
        first, second = top_two(column)
        joint_entropy = code_entropies[best] + factor_entropy - first
        nats.append(joint_entropy - first + second)
        normalised.append(1 - nats[-1] / (factor_entropy + np.log(N_BINS)))
    return {"jemmig": float(np.mean(normalised)), "jemmig_unnormalised_nats": float(np.mean(nats))}


def dcimig(information, entropies):
    """Each code's gap goes to the factor it knows most of; a factor takes the best that it is given."""
    best = np.zeros(len(entropies))
    for row in information:
        first, second = top_two(row)
        k = int(np.argmax(row))
        best[k] = max(best[k], first - second)
    return float(best.sum() / np.sum(entropies))


def factor_vae_exact(codes, factors):
    active = [j for j in range(codes.shape[1]) if codes[:, j].std() >= ACTIVE_SD]
    if not active:
        return {"eval_accuracy": 0.0, "n_active_codes": 0}
    everywhere = codes[:, active].var(axis=0)
    votes = np.zeros((len(active), len(SIZES)))
    for k, size in enumerate(SIZES):
        for value in range(size):
            group = codes[factors[:, k] == value][:, active]
            votes[np.argmin(group.var(axis=0) / everywhere), k] += 1 / (size * len(SIZES))
    return {"eval_accuracy": float(votes.max(axis=1).sum()), "n_active_codes": len(active)}


factors = make_reps.factor_table(SIZES)
entropies = np.log(np.array(SIZES, dtype=np.float64))
result = {}
for name in make_reps.NAMES[:7]:
    codes = make_reps.make(name).astype(np.float64)
    bins = binned(codes)
    tables = [[joint(bins[:, j], factors[:, k], size) for k, size in enumerate(SIZES)] for j in range(make_reps.D)]
    code_entropies = np.array([entropy(row[0].sum(axis=0)) for row in tables])
    information = np.array(
        [
            [code_entropies[j] + entropies[k] - entropy(tables[j][k].ravel()) for k in range(len(SIZES))]
            for j in range(make_reps.D)
        ]
    )
    result[name] = {
        "mig-sup": {"mig_sup": mig_sup(information, entropies)},
        "jemmig": jemmig(information, code_entropies, entropies),
        "dcimig": {"dcimig": dcimig(information, entropies)},
        "factor-vae-score": factor_vae_exact(codes, factors),
    }
    print(name, flush=True)

path = pathlib.Path(__file__).with_name("information.json")
path.write_text(json.dumps({"representations": result}, indent=1) + "\n")
