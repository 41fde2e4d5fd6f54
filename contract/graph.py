"""What a model's ONNX graph takes and gives: the names that training writes and scoring reads.

Inputs are one array of shape (n, 1) per feature, named as in the schema: float32 with NaN for missing, or
text with "" for missing (contract/inputs.py makes them).

A model without reasons (manifest `has_reasons` false) has the same outputs; contributions and both reason
outputs then have width 0.
"""

PROBABILITY = "probability"  # float32 (n, 1), of churn
MARGIN = "margin"  # float32 (n, 1), log-odds; the contributions and the base margin add up to it
CONTRIBUTIONS = "contributions"  # float32 (n, features), log-odds against the average customer
REASON_FEATURE = "reason_feature"  # int64 (n, k), positions in the schema's feature order, strongest first
REASON_CONTRIBUTION = "reason_contribution"  # float32 (n, k), signed log-odds; k = min(3, features)
OUTPUTS = (PROBABILITY, MARGIN, CONTRIBUTIONS, REASON_FEATURE, REASON_CONTRIBUTION)
