"""What figures are called on the screen."""

from __future__ import annotations

_TITLES = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "brier": "Brier",
    "f1": "F1",
    "ece": "ECE",
    "precision_top_10": "in top 10%",
    "parity_max_abs_diff": "parity within",
    "onnx_bytes": "ONNX bytes",
    "onnx_sha256": "sha256",
}


def title_of(name: str) -> str:
    """A manifest's name for a figure, in words and short enough for two versions beside it."""
    return _TITLES.get(name, name.replace("_", " "))
