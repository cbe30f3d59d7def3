"""95 % intervals of differences of means, for the tests of src/stats/difference.rs. Needs SciPy; run with no arguments."""

from scipy import stats

A = [0.12, 0.18, 0.15, 0.11]
B = [0.20, 0.22, 0.25, 0.16]


def half_width(result):
    low, high = result.confidence_interval(0.95)
    return (high - low) / 2


print("PAIRED_HALF", repr(float(half_width(stats.ttest_rel(B, A)))))
print("WELCH_HALF", repr(float(half_width(stats.ttest_ind(B, A, equal_var=False)))))
print("WELCH_UNEQUAL_HALF", repr(float(half_width(stats.ttest_ind(B[:2], A, equal_var=False)))))
