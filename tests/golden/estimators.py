#!/usr/bin/env python3
"""Writes estimators.json: what scikit-learn's estimators make of constructed representations.

Needs NumPy and scikit-learn (made with 2.4.6 and 1.9.1); takes some minutes on one core. Rows are those of the README's
fixed list: h(1000, t) % 737280 to train on, h(1001, t) % 737280 to test on. Solvers run to convergence, so that the values
belong to the data; estimators that draw lots are run several times.
"""
import json
import pathlib
import warnings

import make_reps
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import Lasso, LogisticRegression, LogisticRegressionCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

warnings.filterwarnings("ignore")
REPRESENTATIONS = ["b_rotated", "c_entangled", "d_noisy", "f_nonlinear"]
N_TRAIN, N_TEST = 2000, 1000
SHAPE, SCALE, ORIENTATION = 0, 1, 2
N_FACTORS = 5


def rows(stream, n):
    return [make_reps.h_scalar(stream, t) % int(np.prod(make_reps.DSPRITES)) for t in range(n)]


def boosting(train, labels, test, test_labels):
    runs = []
    for seed in range(3):
        model = GradientBoostingClassifier(random_state=seed).fit(train, labels)
        runs.append(
            {
                "importance": model.feature_importances_.tolist(),
                "train_accuracy": model.score(train, labels),
                "test_accuracy": model.score(test, test_labels),
            }
        )
    return runs


def forest(train, values, test, test_values):
    runs = []
    for seed in range(5):
        model = RandomForestRegressor(random_state=seed).fit(train, values)
        error = np.sqrt(np.mean((model.predict(test) - test_values) ** 2))
        runs.append(
            {"importance": model.feature_importances_.tolist(), "one_minus_nrmse": 1 - error / test_values.std()}
        )
    return runs


def lasso(train, factors):
    """Coefficients of the standardised codes for the standardised factor, [factors, codes]."""
    features = StandardScaler().fit_transform(train)
    targets = StandardScaler().fit_transform(factors.astype(np.float64))
    model = Lasso(alpha=0.02, tol=1e-14, max_iter=1_000_000)
    return [model.fit(features, targets[:, k]).coef_.tolist() for k in range(N_FACTORS)]


def svm(train, labels):
    """Slope and intercept of each class, [codes, classes, 2]; of the second alone if there are two."""
    lines = []
    for code in train.T:
        model = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-12, max_iter=100_000)
        model.fit(code[:, None], labels)
        lines.append(np.column_stack([model.coef_[:, 0], model.intercept_]).tolist())
    return lines


def logistic(train, labels):
    """Weights and intercept of each class, intercepts centred, [classes, codes + 1]."""
    features = StandardScaler().fit_transform(train)
    model = LogisticRegression(solver="newton-cg", tol=1e-9, max_iter=10_000).fit(features, labels)
    intercepts = model.intercept_ - model.intercept_.mean()
    return np.column_stack([model.coef_, intercepts]).tolist()


def logistic_cv(train, labels, test, test_labels):
    model = LogisticRegressionCV(Cs=10, cv=KFold(n_splits=5), tol=1e-6, max_iter=10_000, l1_ratios=(0,),
                                 scoring="accuracy", use_legacy_attributes=False)
    model.fit(train, labels)
    return {"c": float(np.ravel(model.C_)[0]), "test_accuracy": model.score(test, test_labels)}


def areas(codes, labels):
    """Area under the curve of each code, rounded to tenths so that there are ties, for the last class."""
    return [roc_auc_score(labels == labels.max(), np.round(code, 1)) for code in codes.T]


factors = make_reps.factor_table(make_reps.DSPRITES)
train_rows, test_rows = rows(1000, N_TRAIN), rows(1001, N_TEST)
train_factors, test_factors = factors[train_rows], factors[test_rows]
result = {}
for name in REPRESENTATIONS:
    table = make_reps.make(name)
    train, test = table[train_rows].astype(np.float64), table[test_rows].astype(np.float64)
    shape, test_shape = train_factors[:, SHAPE], test_factors[:, SHAPE]
    heart, test_heart = (shape == 2).astype(int), (test_shape == 2).astype(int)
    result[name] = {
        "boosting_of_two_classes": boosting(train, heart, test, test_heart),
        "boosting_of_shape": boosting(train, shape, test, test_shape),
        "boosting_of_scale": boosting(train, train_factors[:, SCALE], test, test_factors[:, SCALE]),
        "forest_of_scale": forest(train, train_factors[:, SCALE], test, test_factors[:, SCALE]),
        "lasso": lasso(train, train_factors),
        "svm_of_two_classes": svm(train, heart),
        "svm_of_scale": svm(train, train_factors[:, SCALE]),
        "logistic_of_two_classes": logistic(train, heart),
        "logistic_of_scale": logistic(train, train_factors[:, SCALE]),
        "logistic_of_orientation": logistic(train, train_factors[:, ORIENTATION]),
        "logistic_cv_of_scale": logistic_cv(train[:1000], train_factors[:1000, SCALE], test, test_factors[:, SCALE]),
        "areas_of_heart": areas(train, heart),
    }
    print(name, flush=True)

path = pathlib.Path(__file__).with_name("estimators.json")
path.write_text(json.dumps({"n_train": N_TRAIN, "n_test": N_TEST, "representations": result}, indent=1) + "\n")
