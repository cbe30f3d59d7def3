#!/usr/bin/env python3
"""Prints how long scikit-learn takes on one core for what the metrics' study variants fit, codes in memory.

`python timings_sklearn.py`; needs NumPy and scikit-learn. The codes are those of `timings.rs`; drawing and looking up points is
vectorised. Of DCI's 100 stages 5 are grown, 565 trees of 11,300, and the time is multiplied by 20.
"""
import time
import warnings

import numpy as np
import sklearn
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score
from sklearn.svm import LinearSVC

warnings.filterwarnings("ignore")
SIZES = (3, 6, 40, 32, 32)
N_POINTS, N_CODES = int(np.prod(SIZES)), 10
rng = np.random.default_rng(0)


def entangled_codes():
    values = np.stack(np.unravel_index(np.arange(N_POINTS), SIZES), axis=1) / np.array(SIZES)
    codes = np.empty((N_POINTS, N_CODES), dtype=np.float32)
    for code in range(N_CODES):
        for k in range(5):
            strength = 1 + (3 * code + 5 * k) % 7 * (1.0 if k == code else 0.2)
            part = values[:, 4 - k] * strength
            codes[:, code] = part if k == 0 else codes[:, code] + part
    return codes + 0.3 * rng.random((N_POINTS, N_CODES), dtype=np.float32)


def point(values):
    return np.ravel_multi_index(tuple(np.moveaxis(values, -1, 0)), SIZES)


def draw(*shape):
    return rng.integers(0, SIZES, size=(*shape, 5))


def timed(name, run):
    start = time.perf_counter()
    scale = run() or 1
    print(f"{name:40} {(time.perf_counter() - start) * scale:8.2f} s", flush=True)


def beta_vae_score():
    examples = []
    for n in (10_000, 5_000):
        first, second = draw(n, 64), draw(n, 64)
        factor = rng.integers(0, 5, n)
        second[np.arange(n), :, factor] = first[np.arange(n), :, factor]
        examples.append((np.abs(codes[point(first)] - codes[point(second)]).mean(axis=1), factor))
    LogisticRegression().fit(*examples[0]).score(*examples[1])


def factor_vae_score():
    variances = codes[rng.integers(0, N_POINTS, 10_000)].var(axis=0, ddof=1)
    for n in (10_000, 5_000):
        group = draw(n, 64)
        factor = rng.integers(0, 5, n)
        group[np.arange(n), :, factor] = group[np.arange(n), :1, factor]
        np.argmin(codes[point(group)].var(axis=1, ddof=1) / variances, axis=1)


def mig(points):
    factors = np.stack(np.unravel_index(points, SIZES), axis=1)
    for code in codes[points].T:
        bins = np.digitize(code, np.histogram(code, 20)[1][:-1])
        for k in range(5):
            mutual_info_score(factors[:, k], bins)


def split():
    train, test = rng.integers(0, N_POINTS, 10_000), rng.integers(0, N_POINTS, 5_000)
    factors = [np.stack(np.unravel_index(points, SIZES), axis=1) for points in (train, test)]
    return codes[train], factors[0], codes[test], factors[1]


def sap():
    train, factors, test, test_factors = split()
    for code in range(N_CODES):
        for k in range(5):
            model = LinearSVC(C=0.01, class_weight="balanced", dual="auto")
            model.fit(train[:, [code]], factors[:, k]).score(test[:, [code]], test_factors[:, k])


def dci():
    train, factors, test, test_factors = split()
    for k in range(5):
        GradientBoostingClassifier(n_estimators=5).fit(train, factors[:, k])
    return 20


print(f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, {N_POINTS:,} points, {N_CODES} codes")
codes = entangled_codes()
timed("beta-vae-score study", beta_vae_score)
timed("factor-vae-score study", factor_vae_score)
timed("mig study, 10,000 points", lambda: mig(rng.integers(0, N_POINTS, 10_000)))
timed("mig exact, 737,280 points", lambda: mig(np.arange(N_POINTS)))
timed("sap study", sap)
timed("dci study, training alone", dci)
