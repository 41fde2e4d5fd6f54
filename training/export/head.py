"""The end of every graph: from parts of the score to the outputs of contract/graph.py."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper

from contract.graph import CONTRIBUTIONS, MARGIN, PROBABILITY, REASON_CONTRIBUTION, REASON_FEATURE
from training.export.graph import REASONS
from training.export.nodes import Nodes
from training.export.scores import LogOdds, Share, add_slope

LOWEST, HIGHEST = 1e-7, 1 - 1e-7  # beyond these, log-odds say nothing more than "certain"


def log_odds(probability: float) -> float:
    """Of a probability, held away from 0 and 1 as in the graph."""
    held = min(max(probability, LOWEST), HIGHEST)
    return float(np.log(held / (1 - held)))


def add_head(nodes: Nodes, score: LogOdds | Share, features: int) -> float:
    """Add all outputs; gives the base margin, to which contributions add up. Sums run in float64.

    With 0 features there are no reasons: `score.parts` is then one column, and those outputs have width 0.
    """
    change = nodes.sum_rows(score.parts, "head/change")
    if isinstance(score, LogOdds):
        base_margin, parts = score.base, score.parts
        total = nodes.add("Add", [change, nodes.number("head/base_margin", base_margin)], "head/margin")
        probability = nodes.add("Sigmoid", [total], "head/probability")
    else:
        base_margin = log_odds(score.base)
        probability, margin = _add_probability(nodes, change, score.base)
        minus_base = nodes.number("head/minus_base_margin", -base_margin)
        rise = nodes.add("Add", [margin, minus_base], "head/rise")
        # Where parts make up the whole way in probability, so they do in log-odds (as scores.to_share).
        slope = add_slope(nodes, rise, change, 1 / (score.base * (1 - score.base)), "head/slope")
        parts = nodes.add("Mul", [score.parts, slope], "head/parts")
    nodes.cast("head/margin", MARGIN, TensorProto.FLOAT)
    nodes.cast(probability, PROBABILITY, TensorProto.FLOAT)
    _add_reasons(nodes, parts, features)
    return base_margin


def add_bare_head(nodes: Nodes, probabilities: str) -> None:
    """Add all outputs from (n, 2) probabilities of any model; reasons have width 0."""
    second = nodes.constant("head/second", np.array([1], dtype=np.int64))
    single = nodes.add("Gather", [probabilities, second], "head/single", axis=1)
    probability = nodes.cast(single, "head/given", TensorProto.DOUBLE)
    shown, _ = _add_probability(nodes, probability, 0.0)
    nodes.cast("head/margin", MARGIN, TensorProto.FLOAT)
    nodes.cast(shown, PROBABILITY, TensorProto.FLOAT)
    _add_reasons(nodes, probability, 0)


def outputs(features: int) -> list[ValueInfoProto]:
    """The graph's outputs as declared; with 0 features, those for reasons have width 0."""
    reasons = min(REASONS, features)
    return [
        helper.make_tensor_value_info(PROBABILITY, TensorProto.FLOAT, [None, 1]),
        helper.make_tensor_value_info(MARGIN, TensorProto.FLOAT, [None, 1]),
        helper.make_tensor_value_info(CONTRIBUTIONS, TensorProto.FLOAT, [None, features]),
        helper.make_tensor_value_info(REASON_FEATURE, TensorProto.INT64, [None, reasons]),
        helper.make_tensor_value_info(REASON_CONTRIBUTION, TensorProto.FLOAT, [None, reasons]),
    ]


def _add_probability(nodes: Nodes, change: str, base: float) -> tuple[str, str]:
    """base + change within 0..1, and its log-odds."""
    total = nodes.add("Add", [change, nodes.number("head/base", base)], "head/total")
    zero, one = (nodes.constant(f"head/{n}", np.array(n, dtype=np.float64)) for n in (0, 1))
    probability = nodes.add("Clip", [total, zero, one], "head/probability")
    ends = [nodes.constant(f"head/{n}", np.array(n, dtype=np.float64)) for n in (LOWEST, HIGHEST)]
    held = nodes.add("Clip", [total, *ends], "head/held")
    odds = nodes.add("Div", [held, nodes.add("Sub", [one, held], "head/rest")], "head/odds")
    return probability, nodes.add("Log", [odds], "head/margin")


def _add_reasons(nodes: Nodes, parts: str, features: int) -> None:
    if not features:
        width = nodes.constant("head/no_features", np.array([0], dtype=np.int64))
        axis = nodes.constant("head/feature_axis", np.array([1], dtype=np.int64))
        none = nodes.add("Slice", [parts, width, width, axis], "head/none")
        nodes.cast(none, CONTRIBUTIONS, TensorProto.FLOAT)
        nodes.cast(none, REASON_FEATURE, TensorProto.INT64)
        nodes.cast(none, REASON_CONTRIBUTION, TensorProto.FLOAT)
        return
    nodes.cast(parts, CONTRIBUTIONS, TensorProto.FLOAT)
    strength = nodes.add("Abs", [CONTRIBUTIONS], "head/strength")
    count = nodes.constant("head/reason_count", np.array([min(REASONS, features)], dtype=np.int64))
    nodes.nodes.append(
        helper.make_node(
            "TopK", [strength, count], ["head/strongest", REASON_FEATURE], name="TopK/reasons", axis=1
        )
    )
    nodes.add("GatherElements", [CONTRIBUTIONS, REASON_FEATURE], REASON_CONTRIBUTION, axis=1)
