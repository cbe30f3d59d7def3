#!/usr/bin/env python3
"""Writes infomec_discrete.json: InfoMEC of quantised representations, from scikit-learn's estimators for labels.

Needs NumPy and scikit-learn (made with 2.4.6 and 1.9.1). The definitions are those of Hsu et al. 2023 for discrete codes:
mutual_info_score of each code's values and each factor, logistic regression on one indicator per code and value without
penalty and with balanced classes, scored on its own points. A code is active if it varies. The codes are those of
make_reps.py on a small grid, rounded down to multiples of a half and limited to [-2, 2]; the fifth code is divided by 64,
so that its range is below a twentieth of the largest.
"""
import json
import pathlib
import warnings

import make_reps
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, mutual_info_score
from sklearn.preprocessing import LabelEncoder, OneHotEncoder

warnings.filterwarnings("ignore")
SIZES = (3, 6, 8, 8, 8)
REPRESENTATIONS = ["a_perfect", "c_entangled", "d_noisy", "f_nonlinear", "g_noise"]


def quantised(name):
    codes = np.clip(np.floor(make_reps.make(name, SIZES) * 2) / 2, -2, 2).astype(np.float32)
    codes[:, 4] /= np.float32(64)
    return codes


def concentration(values, axis):
    """Where there is no information at all the largest share is undefined; it counts as chance."""
    n = values.shape[axis]
    total = values.sum(axis)
    largest = np.where(total > 0, values.max(axis) / np.where(total > 0, total, 1), 1 / n)
    return (largest.mean() - 1 / n) / (1 - 1 / n)


def explained(indicators, factor):
    model = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-7, max_iter=20_000)
    nats = log_loss(factor, model.fit(indicators, factor).predict_proba(indicators))
    return 1 - nats / np.log(len(np.unique(factor)))


factors = make_reps.factor_table(SIZES)
result = {}
for name in REPRESENTATIONS:
    codes = quantised(name)
    labels = [LabelEncoder().fit_transform(column) for column in codes.T]
    information = np.array(
        [[mutual_info_score(column, factors[:, k]) / np.log(SIZES[k]) for k in range(5)] for column in labels]
    )
    active = np.ptp(codes, axis=0) > 0
    indicators = OneHotEncoder().fit_transform(codes)
    result[name] = {
        "n_values": [int(column.max()) + 1 for column in labels],
        "normalised_mutual_information": information.tolist(),
        "n_active_codes": int(active.sum()),
        "infom": concentration(information[active], 1),
        "infoc": concentration(information[active], 0),
        "explained_converged": [explained(indicators, factors[:, k]) for k in range(5)],
    }

path = pathlib.Path(__file__).with_name("infomec_discrete.json")
path.write_text(json.dumps({"factor_sizes": SIZES, "representations": result}, indent=1) + "\n")
