#!/usr/bin/env python3
"""Writes lin_2020.json: scores by the protocol of Lin et al. 2020 of constructed representations, in plain NumPy and
scikit-learn.

Needs NumPy and scikit-learn (made with 2.4.6 and 1.9.1); takes some minutes on one core. Nothing is drawn: points are
h(1000, t) % 737280; group g holds factor g % 5 at the value h(3000, g) % size, in the points h(3001, 100 g + j) % 737280
with that factor's value replaced. Solvers run to convergence. scikit-learn's classifiers of one class against the rest with
a penalised intercept, its default before 0.22, are liblinear's in OneVsRestClassifier.
"""
import json
import pathlib
import warnings

import make_reps
import numpy as np
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.metrics import mutual_info_score, roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

warnings.filterwarnings("ignore")
REPRESENTATIONS = ["b_rotated", "c_entangled", "d_noisy", "e_collapsed", "f_nonlinear"]
N_POINTS, N_GROUPS, GROUP_SIZE = 73_728, 500, 100
# Explicitness, which takes its time, has the first points only.
N_EXPLICITNESS = 4_000
SIZES = np.array(make_reps.DSPRITES)
STRIDES = np.concatenate([np.cumprod(SIZES[::-1])[::-1][1:], [1]])
N_GRID = int(np.prod(SIZES))


def hashes(stream, n):
    return make_reps.h_vec(stream, np.arange(n, dtype=np.uint64))


def below(stream, n, bound):
    return (hashes(stream, n) % np.uint64(bound)).astype(np.int64)


def groups():
    """Points of each group, [groups, points], and the factor each holds."""
    held = np.arange(N_GROUPS) % len(SIZES)
    values = (hashes(3000, N_GROUPS) % SIZES[held].astype(np.uint64)).astype(np.int64)
    points = below(3001, N_GROUPS * GROUP_SIZE, N_GRID).reshape(N_GROUPS, GROUP_SIZE)
    stride, size = STRIDES[held][:, None], SIZES[held][:, None]
    return points + (values[:, None] - points // stride % size) * stride, held


def one_vs_rest(features, labels):
    model = LogisticRegression(solver="liblinear", tol=1e-10, max_iter=100_000)
    return OneVsRestClassifier(model).fit(features, labels)


def factor_vae(table, points, held, scale_points):
    scale = table[scale_points].std(axis=0)
    votes = np.zeros((table.shape[1], len(SIZES)))
    for group, factor in zip(points, held):
        # From the first point, so that what is constant in the group varies by 0 and not by rounding; ties go to the first.
        deviations = (table[group] - table[group[0]]) / scale
        votes[np.argmin(deviations.std(axis=0)), factor] += 1
    return {"train_accuracy": votes.max(axis=1).sum() / N_GROUPS, "votes": votes.tolist()}


def beta_vae(table, points, held):
    features = np.stack([np.abs(table[group][0::2] - table[group][1::2]).mean(axis=0) for group in points])
    model = one_vs_rest(features, held)
    weights = np.stack([line.coef_[0] for line in model.estimators_])
    return {"train_accuracy": model.score(features, held), "classifier_weights": weights.tolist()}


def gap(scores):
    ordered = np.sort(scores, axis=0)
    return ordered[-1] - ordered[-2]


def sap(codes, factors):
    scores = np.corrcoef(codes.T, factors.T)[: codes.shape[1], codes.shape[1]:] ** 2
    shape = factors[:, 0]
    for code in range(codes.shape[1]):
        values = codes[:, [code]]
        model = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-10, max_iter=100_000)
        scores[code, 0] = model.fit(values, shape).score(values, shape)
    return {"sap": gap(scores).mean(), "score": scores.tolist()}


def information(codes, factors):
    def binned(values):
        edges = np.histogram(values, 20)[1][:-1]
        return np.digitize(values, edges)

    return np.array([[mutual_info_score(factor, binned(code)) for factor in factors.T] for code in codes.T])


def mig(nats, factors):
    entropies = [mutual_info_score(factor, factor) for factor in factors.T]
    return {"mig": (gap(nats) / entropies).mean()}


def modularity(nats):
    squares = nats**2
    best = squares.max(axis=1)
    return {"modularity": (1 - (squares.sum(axis=1) - best) / (best * (nats.shape[1] - 1))).mean()}


def explicitness(codes, factors):
    areas = []
    for labels in factors.T:
        probabilities = one_vs_rest(codes, labels).predict_proba(codes)
        is_member = labels[:, None] == np.unique(labels)
        areas.append(roc_auc_score(is_member, probabilities))
    return {"explicitness_train": np.mean(areas), "area_per_factor": areas}


def dci(codes, factors):
    def standardised(values):
        return (values - values.mean(axis=0)) / values.std(axis=0)

    features, targets = standardised(codes), standardised(factors)
    model = Lasso(alpha=0.02, tol=1e-14, max_iter=1_000_000)
    weights = np.abs([model.fit(features, target).coef_ for target in targets.T]).T

    def concentrated(shares):
        return 1 + (shares * np.log(shares + 1e-12)).sum() / np.log(len(shares))

    # A code without weight, which makes the score undefined in the protocol, has none in the mean.
    by_code = np.array([concentrated(row / row.sum()) if row.any() else 0 for row in weights])
    by_factor = [concentrated(column / column.sum()) if column.any() else 0 for column in weights.T]
    return {
        "disentanglement": (by_code * weights.sum(axis=1)).sum() / weights.sum(),
        "completeness": np.mean(by_factor),
    }


all_factors = make_reps.factor_table(make_reps.DSPRITES)
points = below(1000, N_POINTS, N_GRID)
in_groups, held = groups()
result = {}
for name in REPRESENTATIONS:
    table = make_reps.make(name).astype(np.float64)
    codes, factors = table[points], all_factors[points]
    nats = information(codes, factors)
    result[name] = {
        "factor-vae-score": factor_vae(table, in_groups, held, points),
        "beta-vae-score": beta_vae(table, in_groups, held),
        "sap": sap(codes, factors),
        "mig": mig(nats, factors),
        "modularity": modularity(nats),
        "explicitness": explicitness(codes[:N_EXPLICITNESS], factors[:N_EXPLICITNESS]),
        "dci": dci(codes, factors),
    }
    print(name, {metric: next(iter(scores.values())) for metric, scores in result[name].items()}, flush=True)

path = pathlib.Path(__file__).with_name("lin_2020.json")
path.write_text(json.dumps({"n_explicitness": N_EXPLICITNESS, "representations": result}, indent=1) + "\n")
