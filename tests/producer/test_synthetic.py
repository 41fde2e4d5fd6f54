"""The synthetic populations: valid, repeatable, and with the churn mechanism they document."""

from __future__ import annotations

from itertools import islice, pairwise

import msgspec
import numpy as np
import pytest
from numpy.random import default_rng
from sklearn.metrics import roc_auc_score

from contract.event import Event, EventDecoder
from contract.schema import load_schema
from producer import synthetic, synthetic_music, synthetic_telco
from producer.errors import UnknownGeneratorError
from producer.synthetic import BLOCK_CUSTOMERS, customers, events, true_probability
from tests.contract.rows import NOW_MS

SCHEMAS = ["telco", "music"]


@pytest.mark.parametrize(
    ("mechanism", "rate", "roc_auc"), [(synthetic_telco, 0.26, 0.855), (synthetic_music, 0.25, 0.851)]
)
def test_the_documented_figures_hold(mechanism: synthetic.Mechanism, rate: float, roc_auc: float) -> None:
    """Churn rate and best possible ROC AUC are the ones in the docstrings, to half a percent."""
    columns = mechanism.draw(default_rng(0), 200_000)
    probability = mechanism.churn_probability(columns)
    churned = default_rng(1).random(200_000) < probability
    assert probability.mean() == pytest.approx(rate, abs=0.005)
    assert roc_auc_score(churned, probability) == pytest.approx(roc_auc, abs=0.005)


@pytest.mark.parametrize("name", SCHEMAS)
def test_labels_are_drawn_from_the_true_probability(name: str) -> None:
    """In ten bands of true probability, the share of churners is that probability."""
    schema = load_schema(name)
    rows = list(customers(name, 20_000, seed=1))
    probability = true_probability(name, rows)
    churned = np.array([str(row[schema.label_column]) == schema.label_positive for row in rows])
    for band in np.array_split(np.argsort(probability), 10):
        assert churned[band].mean() == pytest.approx(probability[band].mean(), abs=0.035)


@pytest.mark.parametrize("name", SCHEMAS)
def test_rows_have_the_columns_and_categories_of_the_schema(name: str) -> None:
    """Id, features in schema order, label; every category is one of the schema's, or blank."""
    schema = load_schema(name)
    for row in customers(name, 2_000, seed=2):
        assert tuple(row) == (schema.id_column, *schema.feature_names, schema.label_column)
        for feature in schema.categorical:
            assert str(row[feature.name]) in {*feature.enum, *([] if feature.required else [""])}


def test_telco_rows_have_the_quirks_of_the_real_table() -> None:
    """TotalCharges is blank exactly in month 0, and near tenure times bill; add-ons need internet."""
    rows = list(customers("telco", 20_000, seed=3))
    assert any(row["tenure"] == 0 for row in rows)
    for row in rows:
        assert (row["TotalCharges"] == " ") == (row["tenure"] == 0)
        assert (row["InternetService"] == "No") == (row["OnlineSecurity"] == "No internet service")
        assert (row["PhoneService"] == "No") == (row["MultipleLines"] == "No phone service")
    ratio = [row["TotalCharges"] / (row["tenure"] * row["MonthlyCharges"]) for row in rows if row["tenure"]]
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.01)
    assert 0.02 < np.std(ratio) < 0.08


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_seed_decides_everything(name: str) -> None:
    """Same seed, same customers and, at a given time, the same bytes; another seed, others."""
    first = list(customers(name, 50, seed=5))
    assert first == list(customers(name, 50, seed=5)) == list(islice(customers(name, 9_000, seed=5), 50))
    assert first != list(customers(name, 50, seed=6))
    stream = list(events(name, 200, seed=5, now_ms=NOW_MS))
    assert stream == list(events(name, 200, seed=5, now_ms=NOW_MS))
    assert stream != list(events(name, 200, seed=6, now_ms=NOW_MS))


@pytest.mark.parametrize("name", SCHEMAS)
def test_ids_differ_across_blocks(name: str) -> None:
    """No two customers of a population share an id."""
    ids = [row[load_schema(name).id_column] for row in customers(name, BLOCK_CUSTOMERS + 500, seed=5)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("now_ms", [None, NOW_MS])
def test_every_event_is_one_the_scorer_accepts(name: str, now_ms: int | None) -> None:
    """All events decode, carry what the tuple says, and rise strictly in (time, id) for each customer."""
    decode = EventDecoder(load_schema(name))
    latest: dict[str, tuple[int, str]] = {}
    for sample in events(name, 3_000, seed=7, customers=20, now_ms=now_ms):
        event = decode(sample.payload, sample.time_ms)
        assert isinstance(event, Event)
        assert (event.customer_id, event.event_id, event.time_ms) == sample[:3]
        order = (sample.time_ms, sample.event_id)
        assert order > latest.get(sample.customer_id, (0, ""))
        latest[sample.customer_id] = order
    assert len(latest) == 20
    assert now_ms is None or max(latest.values())[0] == now_ms


def test_customers_get_older_month_by_month() -> None:
    """An account's next event is a month later: tenure and TotalCharges grow, or a newcomer took it over."""
    history = [
        msgspec.json.decode(sample.payload)["data"]
        for sample in events("telco", 200, seed=8, customers=1, now_ms=NOW_MS)
    ]
    stayed = [(one, other) for one, other in pairwise(history) if other["tenure"] == one["tenure"] + 1]
    assert len(stayed) > 150
    assert all(other["TotalCharges"] > (one["TotalCharges"] or 0) for one, other in stayed)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_population_looks_the_same_after_a_hundred_months(name: str) -> None:
    """Risk does not drift away: newcomers replace those who leave, and every event stays valid."""
    schema, decode = load_schema(name), EventDecoder(load_schema(name))
    months, size = 100, 300
    risks = []
    stream = events(name, months * size, seed=4, customers=size, now_ms=NOW_MS)
    for _ in range(months):
        rows = []
        for sample in islice(stream, size):
            event = decode(sample.payload, NOW_MS)
            assert isinstance(event, Event)
            rows.append(dict(zip(schema.feature_names, event.values, strict=True)))
        risks.append(float(true_probability(name, rows).mean()))
    settled = risks[20:]
    assert max(settled) - min(settled) < 0.12
    assert 0.12 < np.mean(settled) < 0.35


def test_events_start_from_the_customers_of_the_same_seed() -> None:
    """The first month of events shows the customers that `customers` gives."""
    rows = {row["userId"]: row for row in customers("music", 30, seed=9)}
    for sample in events("music", 30, seed=9, customers=30):
        data = msgspec.json.decode(sample.payload)["data"]
        row = rows.pop(sample.customer_id)
        assert data == {name: None if row[name] == "" else row[name] for name in data}
    assert rows == {}


def test_an_unknown_schema_says_which_have_a_generator() -> None:
    """One clear line, at once."""
    with pytest.raises(
        UnknownGeneratorError, match="'retail': has no synthetic customers; telco, music have"
    ):
        customers("retail", 10, seed=0)
