"""Nodes and constants of a graph as they are added, named so that the same model gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

ML_DOMAIN = "ai.onnx.ml"


class Nodes:
    """Collects nodes in the order they run. A value is known by its name, which starts with its part's."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(
        self, op_type: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any
    ) -> str:
        """Add a node of one output, and give the output's name."""
        name = f"{op_type}/{output}"
        self.nodes.append(helper.make_node(op_type, inputs, [output], name=name, domain=domain, **attributes))
        return output

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add a constant under a name of its own, and give that name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def number(self, name: str, value: float) -> str:
        """A float64 constant of shape (1,)."""
        return self.constant(name, np.array([value], dtype=np.float64))

    def cast(self, name: str, output: str, kind: int) -> str:
        return self.add("Cast", [name], output, to=kind)

    def needed(self, outputs: Iterable[str]) -> tuple[list[NodeProto], list[TensorProto]]:
        """Nodes and constants that outputs depend on, in order: converters also make labels nobody reads."""
        wanted, kept = set(outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                kept.append(node)
        return kept[::-1], [each for each in self.constants if each.name in wanted]

    def sum_rows(self, name: str, output: str) -> str:
        """(n, columns) to (n, 1)."""
        axis = self.constant(f"{output}/axis", np.array([1], dtype=np.int64))
        return self.add("ReduceSum", [name, axis], output, keepdims=1)
