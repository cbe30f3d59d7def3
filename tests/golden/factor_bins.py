#!/usr/bin/env python3
"""Writes factor_bins.json: columns of factor values and the bins that they go into, in plain NumPy.

Needs NumPy (made with 2.4.6); takes a second. Bins of equal width are those of numpy.linspace and numpy.digitize, with the
largest value in the last bin. By quantiles, the bin of a value is floor(n * (b + e / 2) / rows) with b rows of smaller values
and e rows of this one, in integers. A column of n distinct values or fewer keeps them. Bins are numbered without gaps.
"""
import json
import pathlib

import make_reps
import numpy as np

ROWS = 120
N_BINS = [2, 7, 20]


def equal_width(x, n):
    edges = np.linspace(x.min(), x.max(), n + 1)
    return np.digitize(x, edges[1:-1])


def quantiles(x, n):
    _, inverse, rows = np.unique(x, return_inverse=True, return_counts=True)
    below = np.cumsum(rows) - rows
    return (n * (2 * below + rows) // (2 * len(x)))[inverse]


def binned(x, n, how):
    bins = x if len(np.unique(x)) <= n else how(x, n)
    return np.unique(bins, return_inverse=True)[1].tolist()


def columns():
    i = np.arange(ROWS, dtype=np.uint64)
    uniform = make_reps.u_vec(300, i)
    normal = make_reps.normal(301, ROWS)
    return {
        "uniform": uniform,
        "normal": normal,
        "cubed": normal**3,
        "on_edges": np.floor(uniform * 40) / 4,
        "negative_integers": np.floor(uniform * -1e15),
        "mostly_zero": np.where(uniform < 0.8, 0.0, normal),
        "mostly_largest": np.minimum(uniform, 0.2),
        "nineteen_values": np.floor(uniform * 19) ** 2,
        "large": normal * 1e300,
    }


def main():
    cases = []
    for name, x in columns().items():
        for n in N_BINS:
            bins = {
                "equal-width": binned(x, n, equal_width),
                "quantiles": binned(x, n, quantiles),
            }
            cases.append({"column": name, "n": n, "bins": bins})
    out = {"columns": {name: x.tolist() for name, x in columns().items()}, "cases": cases}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
