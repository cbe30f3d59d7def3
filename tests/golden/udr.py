#!/usr/bin/env python3
"""Writes udr.json: UDR of constructed representations taken for models, by disentanglement_lib's definition.

Needs NumPy, SciPy and scikit-learn (made with 2.4.6, 1.17.1 and 1.9.1). The models are five representations on a small grid,
every ninth point; the KL divergence of a code is taken to be its variance, so that collapsed codes are left out.
"""
import json
import pathlib

import make_reps
import numpy as np
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso
from sklearn.preprocessing import StandardScaler

SIZES = (3, 6, 8, 8, 8)
EVERY = 9
MODELS = ["a_perfect", "b_rotated", "c_entangled", "d_noisy", "e_collapsed"]


def lasso(first, second):
    model = Lasso(alpha=0.1, tol=1e-10, max_iter=100_000).fit(first, second)
    return np.abs(model.coef_).T


def spearman(first, second):
    pairs = [[abs(spearmanr(a, b)[0]) for b in second.T] for a in first.T]
    return np.array(pairs)


def relative_strength(similar):
    with np.errstate(invalid="ignore"):
        score = [np.nan_to_num(similar.max(axis) ** 2 / similar.sum(axis), nan=0).mean() for axis in (0, 1)]
    return sum(score) / 2


codes, informative, kl = [], [], []
for name in MODELS:
    raw = make_reps.make(name, SIZES)[::EVERY].astype(np.float64)
    kl.append(raw.var(axis=0).tolist())
    informative.append(raw.var(axis=0) > 0.01)
    codes.append(StandardScaler().fit_transform(raw) * informative[-1])

result = {"factor_sizes": SIZES, "every": EVERY, "models": MODELS, "kl_nats": kl}
for name, similarity in (("lasso", lasso), ("spearman", spearman)):
    n = len(MODELS)
    pairs = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                with np.errstate(invalid="ignore"):
                    similar = similarity(codes[i], codes[j])
                pairs[i, j] = relative_strength(similar[informative[i]][:, informative[j]])
    result[name] = {
        "pair_scores": pairs.tolist(),
        "model_scores": [float(np.median(np.delete(pairs[:, i], i))) for i in range(n)],
    }

path = pathlib.Path(__file__).with_name("udr.json")
path.write_text(json.dumps(result, indent=1) + "\n")
