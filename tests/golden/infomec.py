#!/usr/bin/env python3
"""Writes infomec.json: InfoMEC of constructed representations on a small grid, from scikit-learn's estimators.

Needs NumPy and scikit-learn (made with 2.4.6 and 1.9.1). The definitions are those of Hsu et al. 2023 for continuous
codes: mutual_info_classif with ten neighbours on standardised codes, logistic regression without penalty and with
balanced classes, scored on its own points. `explained_converged` runs the classifier to convergence;
`explained_default` stops it as the paper's code does.
"""
import json
import pathlib
import warnings

import make_reps
import numpy as np
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
SIZES = (3, 6, 8, 8, 8)
REPRESENTATIONS = ["a_perfect", "c_entangled", "d_noisy", "f_nonlinear", "g_noise"]
NOISE_SEEDS = range(5)


def concentration(values, axis):
    """Where there is no information at all the largest share is undefined; it counts as chance."""
    n = values.shape[axis]
    total = values.sum(axis)
    largest = np.where(total > 0, values.max(axis) / np.where(total > 0, total, 1), 1 / n)
    return (largest.mean() - 1 / n) / (1 - 1 / n)


def explained(codes, factor, tolerance, iterations):
    model = LogisticRegression(C=np.inf, class_weight="balanced", tol=tolerance, max_iter=iterations)
    nats = log_loss(factor, model.fit(codes, factor).predict_proba(codes))
    return 1 - nats / np.log(len(np.unique(factor)))


factors = make_reps.factor_table(SIZES)
result = {}
for name in REPRESENTATIONS:
    raw = make_reps.make(name, SIZES).astype(np.float64)
    codes = StandardScaler().fit_transform(raw)
    information = np.array(
        [
            [
                mutual_info_classif(codes, factors[:, k], n_neighbors=10, random_state=seed) / np.log(SIZES[k])
                for k in range(5)
            ]
            for seed in NOISE_SEEDS
        ]
    ).transpose(0, 2, 1)
    ranges = np.ptp(raw, axis=0)
    active = ranges > ranges.max() / 20
    result[name] = {
        "normalised_mutual_information": information.mean(0).tolist(),
        "spread_over_noise": float(information.std(0, ddof=1).max()),
        "n_active_codes": int(active.sum()),
        "infom": [concentration(one[active], 1) for one in information],
        "infoc": [concentration(one[active], 0) for one in information],
        "explained_converged": [explained(codes, factors[:, k], 1e-7, 5000) for k in range(5)],
        "explained_default": [explained(codes, factors[:, k], 1e-4, 100) for k in range(5)],
    }

path = pathlib.Path(__file__).with_name("infomec.json")
path.write_text(json.dumps({"factor_sizes": SIZES, "representations": result}, indent=1) + "\n")
