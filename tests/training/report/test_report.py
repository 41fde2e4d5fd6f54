"""report.html: what it says, what it never says, and that it needs nothing from anywhere."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from training.data.quality import LEAK, Finding
from training.evaluation.thresholds import ThresholdRule
from training.report.contest import entries
from training.report.decisions import cost_chart
from training.report.headline import remarks, verdicts
from training.report.page import SECTIONS, render_report
from training.result import TrainedModel

MAX_BYTES = 1_500_000
ID_MARK = "customer-number-"
OFF = "its graph is off by 2.1e-06 on fuzz rows"


class Outline(HTMLParser):
    """The ids, links, tags and visible text of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "xlink:href"):
                self.links.append(str(value))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def model(trained: TrainedModel) -> TrainedModel:
    """The shop's model, with ids that can be searched for."""
    ids = tuple(f"{ID_MARK}{customer}" for customer in trained.table.ids)
    return dataclasses.replace(trained, table=dataclasses.replace(trained.table, ids=ids))


@pytest.fixture(scope="module")
def page(model: TrainedModel) -> bytes:
    return render_report(model)


def changed(model: TrainedModel, **manifest: Any) -> TrainedModel:
    return dataclasses.replace(model, manifest=msgspec.structs.replace(model.manifest, **manifest))


def test_every_section_is_there_and_linked_in_order(page: bytes) -> None:
    """The contents lead to the sections, which follow each other as listed."""
    outline = Outline(page)
    wanted = [name for name, _ in SECTIONS]
    assert [name for name in outline.ids if name in wanted] == wanted
    assert [link for link in outline.links if link.removeprefix("#") in wanted] == [f"#{n}" for n in wanted]


def test_it_runs_nothing_and_fetches_nothing(page: bytes) -> None:
    """No script, no address, no import, and a policy that forbids them all."""
    outline = Outline(page)
    assert not {"script", "iframe", "object", "embed", "img", "base", "form"} & set(outline.tags)
    assert b"default-src 'none'" in page
    assert b"://" not in page
    assert b"@import" not in page
    assert all(link.startswith("#") or link == "data:," for link in outline.links)
    assert re.findall(rb"url\((?!#)", page) == []


def test_ids_are_unique_and_references_resolve(page: bytes) -> None:
    """Thirty charts share one page without taking each other's markers or clip paths."""
    outline = Outline(page)
    assert len(outline.ids) == len(set(outline.ids))
    referred = [link[1:] for link in outline.links if link.startswith("#")]
    referred += re.findall(r"url\(#([^)]+)\)", page.decode())
    referred += re.findall(r'aria-labelledby="(\S+) (\S+)"', page.decode())[0]
    assert set(referred) <= set(outline.ids)


def test_charts_take_the_pages_colours(page: bytes) -> None:
    """Only the two palettes name colours; every chart uses their variables, so that dark mode reaches it."""
    body = page.decode().partition("</style>")[2]
    assert re.findall(r"#[0-9a-f]{6}\b", body) == []
    assert "var(--accent)" in body
    assert "font-family" not in body


def test_the_same_model_gives_the_same_page(model: TrainedModel, page: bytes) -> None:
    """Byte for byte, and small enough to open at once."""
    assert render_report(model) == page
    assert len(page) < MAX_BYTES


def test_no_customer_is_on_it(page: bytes) -> None:
    """Aggregates only."""
    assert ID_MARK.encode() not in page


def test_the_figures_are_the_manifests(model: TrainedModel, page: bytes) -> None:
    """What the page says of the chosen model is what was measured."""
    text = " ".join(Outline(page).text)
    chosen = next(each for each in model.manifest.candidates if each.name == model.manifest.chosen)
    for spread in (chosen.roc_auc, chosen.pr_auc, chosen.f1, chosen.brier):
        assert f"{spread.mean:.3f}" in text
    assert model.manifest.onnx_sha256 in text
    assert f"churn train --reproduce {model.manifest.version} --data shop" in text


@pytest.fixture(scope="module")
def odd_page(model: TrainedModel) -> Outline:
    """Of a model without reasons, from a file of hostile name, beside a candidate that failed the gate."""
    data = msgspec.structs.replace(model.manifest.training_data, source="<script>alert(1)</script>.csv")
    chosen = next(each for each in model.manifest.candidates if each.name == model.manifest.chosen)
    other = msgspec.structs.replace(
        chosen,
        name="forest",
        title="A forest",
        eligible=False,
        not_eligible_because=OFF,
        difference=0.01,
        t=3.0,
    )
    odd = changed(model, has_reasons=False, training_data=data, candidates=[chosen, other])
    return Outline(render_report(odd))


def test_a_candidate_that_could_not_be_chosen_says_why(odd_page: Outline) -> None:
    """The reason stands in the table, beside what it would have scored."""
    text = " ".join(odd_page.text)
    assert "Separably better, but not chosen: A forest" in text
    assert OFF in text
    assert "not eligible" in text


def test_the_only_candidate_is_not_called_the_best(model: TrainedModel) -> None:
    """Without rivals or baselines nothing is claimed about them."""
    chosen = next(entry for entry in entries(model.manifest) if entry.role == "chosen")
    titles = [verdict.title for verdict in verdicts(model, [chosen])]
    assert "The only candidate" in titles
    assert "Worth having" not in titles


def test_costs_are_in_the_teams_own_currency_where_given(model: TrainedModel) -> None:
    """With costs, the curve is money per customer; without, it is counted in contacts and says so."""
    assert "No costs were given" in cost_chart(model.evaluation, ThresholdRule(), 0.3).says
    priced = cost_chart(model.evaluation, ThresholdRule("cost", cost_missed=300, cost_contact=20), 0.3)
    assert "300 for each missed leaver and 20 for each contact" in priced.says
    assert "No costs were given" not in priced.says


def test_a_leak_is_the_first_thing_said_of_the_data(model: TrainedModel) -> None:
    """A feature that gives the answer away turns the verdict, and heads the list."""
    findings = (
        Finding("sampled", "", "900,000 rows: a sample was used", strict=False),
        Finding(LEAK, "months", "months: alone it tells the label"),
    )
    assert [remark.text[:6] for remark in remarks(findings)] == ["months", "900,00"]
    leaking = dataclasses.replace(model, findings=findings)
    said = {verdict.title: verdict for verdict in verdicts(leaking, entries(model.manifest))}
    assert said["The data may give the answer away"].state == "warn"


def test_a_model_without_reasons_says_so(odd_page: Outline, page: bytes) -> None:
    """There are no effects to draw, and the page does not pretend otherwise."""
    text = " ".join(odd_page.text)
    assert "This model gives no reasons" in text
    assert "Which features matter" not in text
    assert "Which features matter" in page.decode()


def test_markup_in_a_name_is_text(odd_page: Outline) -> None:
    """A file can be called anything; the page shows it and does not obey it."""
    assert "script" not in odd_page.tags
    assert "<script>alert(1)</script>.csv" in " ".join(odd_page.text)


def test_commands_start_without_drawing_libraries() -> None:
    """`churn --help` pays for neither matplotlib nor jinja."""
    code = "import sys, cli.explore, cli.train; print({'matplotlib', 'jinja2'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"
