"""Holds figures and an optimum, given as JSON, against numpy, scipy and scikit-learn."""

import json
import sys

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import brier_score_loss, roc_auc_score

given = json.load(open(sys.argv[1]))
p, y = np.array(given["probabilities"]), np.array(given["labels"])
figures = given["figures"]


def near(name, found, expected, tolerance):
    assert abs(found - expected) <= tolerance, f"{name}: {found} here, {expected} there"
    print(f"{name}: {expected:.6f}, as here")


near("Brier", brier_score_loss(y, p), figures["brier"], 1e-12)
near("AUROC", roc_auc_score(y, p), figures["auroc"], 1e-12)

# The mean over orders of ties: errors of a tie are spread evenly over its rows.
order = np.argsort(-p, kind="stable")
wrong = np.empty(len(p))
for value in np.unique(p):
    tied = p[order] == value
    wrong[tied] = (1 - y[order][tied]).mean()
errors, rows = np.cumsum(wrong), np.arange(1, len(p) + 1)
near("AURC", (errors / rows).mean(), figures["aurc"], 1e-12)
near("AUGRC", (errors / len(p)).mean(), figures["augrc"], 1e-12)

bins = zip(np.array_split(p[order][::-1], 15), np.array_split(1 - wrong[::-1], 15))
ece = sum(len(said) / len(p) * abs(said.mean() - right.mean()) for said, right in bins)
near("ECE", ece, figures["ece"], 1e-12)

X = np.array(given["multipliers"]).reshape(-1, given["width"])
t, w = np.array(given["truth"]), np.array(given["weights"])
Q = np.zeros((given["width"], given["width"]))
for i, line in enumerate(given["quadratic"]):
    Q[i, : len(line)] = line
Q = Q + np.tril(Q, -1).T
q = np.array(given["linear"])


def objective(x):
    z = X @ x
    loss = w @ (np.logaddexp(0, z) - t * z)
    slope = X.T @ (w * (1 / (1 + np.exp(-z)) - t))
    return loss + 0.5 * x @ Q @ x - q @ x, slope + Q @ x - q


point = np.array(given["point"])
near("objective", objective(point)[0], given["objective"], 1e-9)
found = minimize(
    objective,
    np.zeros(given["width"]),
    jac=True,
    method="L-BFGS-B",
    bounds=list(zip(given["lower"], given["upper"])),
    options={"maxiter": 100_000, "maxfun": 1_000_000, "ftol": 1e-16, "gtol": 1e-10},
)
assert given["objective"] <= found.fun + 1e-9, f"scipy finds {found.fun}, here {given['objective']}"
assert np.abs(found.x - point).max() < 1e-4, "the optima differ"
print(f"optimum: scipy's is {found.fun - given['objective']:.1e} above, and as near as {np.abs(found.x - point).max():.1e}")
