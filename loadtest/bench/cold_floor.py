"""The least that any scorer of this model does at its start. Run by sandbox.py, where its model lies."""

from __future__ import annotations

import msgspec  # noqa: F401 - imported to be imported
import numpy  # noqa: F401
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])


def handler(event: object, context: object) -> None:
    """Nothing: only the start is measured."""
