"""Scores into the items that the predictions table holds, as the text of a BatchWriteItem request.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring as quote

import msgspec

from contract.prediction import HIGH_BAND, Put, risk_shard

TIME_LENGTH = len("2026-11-20T10:00:00.123Z")


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model says about n rows, column by column.

    Probabilities are in [0, 1]. `features` and `contributions` have one column of n for each reason, the
    strongest first: a feature's place in the schema, and its part in the score in log-odds. `unseen` names,
    for the rows that have any, the features whose category the model never saw.
    """

    probabilities: Sequence[float]
    bands: Sequence[str]
    features: Sequence[Sequence[int]]
    contributions: Sequence[Sequence[float]]
    unseen: dict[int, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.probabilities)


class PutWriter:
    """Writes the scores of one model version, many at a time; only high-risk items go into by_risk.

    Text from columns, since objects in between cost several times the scoring itself.
    """

    def __init__(self, model_version: str, feature_names: Sequence[str]) -> None:
        self._version = quote(model_version)
        self._reasons = [
            f'{{"M":{{"feature":{{"S":{quote(n)}}},"contribution":{{"N":"' for n in feature_names
        ]

    def __call__(
        self,
        scores: Scores,
        *,
        customer_ids: Sequence[str],
        event_keys: Sequence[str],
        scored_at: str,
        expires_at: Sequence[int],
    ) -> list[Put]:
        """One Put per score, in order; each belongs to the customer and the event at its place.

        `expires_at` are seconds since 1970.
        """
        template = self._template(len(scores.features), scored_at)
        columns = [
            map(quote, customer_ids),
            map(quote, event_keys),
            number_texts(scores.probabilities),
            scores.bands,
            *self._reason_columns(scores),
            _unseen_texts(scores),
            [key[:TIME_LENGTH] for key in event_keys],
            expires_at,
            [
                f',"risk_shard":{{"S":"{risk_shard(customer)}"}}' if band == HIGH_BAND else ""
                for band, customer in zip(scores.bands, customer_ids, strict=True)
            ],
        ]
        requests = [template % row for row in zip(*columns, strict=True)]
        return list(map(Put, customer_ids, event_keys, requests))

    def _template(self, reasons: int, scored_at: str) -> str:
        """The item as text, with a place for each column."""
        version = self._version.replace("%", "%%")
        return (
            '{"PutRequest":{"Item":{"customer_id":{"S":%s},"event_key":{"S":%s},"probability":{"N":"%s"},'
            '"band":{"S":"%s"},"reasons":{"L":[' + ",".join(['%s%s"}}}'] * reasons) + "]},"
            f'"unseen":{{"L":[%s]}},"model_version":{{"S":{version}}},"event_time":{{"S":"%s"}},'
            f'"scored_at":{{"S":"{scored_at}"}},"expires_at":{{"N":"%d"}}%s}}}}}}'
        )

    def _reason_columns(self, scores: Scores) -> Iterator[list[str]]:
        for features, contributions in zip(scores.features, scores.contributions, strict=True):
            yield [self._reasons[feature] for feature in features]
            yield number_texts(contributions)


def number_texts(values: Sequence[float]) -> list[str]:
    """Numbers as DynamoDB takes them, as short as they can be (`1e-6` too, which it reads as any other)."""
    return msgspec.json.encode(values).decode()[1:-1].split(",") if values else []


def _unseen_texts(scores: Scores) -> list[str]:
    if not scores.unseen:
        return [""] * len(scores)
    return [
        ",".join(f'{{"S":{quote(name)}}}' for name in scores.unseen.get(row, ()))
        for row in range(len(scores))
    ]
