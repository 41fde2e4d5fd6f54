"""report.html: everything that was learned about one model version, on one page without scripts."""

from __future__ import annotations

from training.report import facts
from training.report.contest import entries
from training.report.figures import make_figures
from training.report.headline import Remark, good_for, key_figures, remarks, verdicts
from training.report.layout import render
from training.report.words import plus_minus
from training.result import TrainedModel

SECTIONS = (
    ("summary", "Summary"),
    ("data", "Data quality"),
    ("candidates-section", "Candidates"),
    ("ranking", "Ranking"),
    ("probabilities", "Probabilities"),
    ("decisions", "Decisions"),
    ("effects", "Feature effects"),
    ("slices", "Slices"),
    ("serving", "Parity and speed"),
    ("reproduction", "Reproduction"),
)


def render_report(trained: TrainedModel) -> bytes:
    """The report as one HTML file: no script, nothing fetched, figures out of fold, no single customer.

    The same model gives the same bytes.
    """
    ranked = entries(trained.manifest)
    return render(
        "report.html.j2",
        sections=SECTIONS,
        manifest=trained.manifest,
        schema=trained.schema,
        trained=trained,
        chosen=next(each for each in ranked if each.role == "chosen"),
        ranked=ranked,
        figures=make_figures(trained),
        good_for=good_for(trained),
        key_figures=key_figures(trained.manifest),
        verdicts=verdicts(trained, ranked),
        remarks=remarks(trained.findings),
        warnings=[Remark("warn", each.warning) for each in trained.slices if each.warning],
        slices=facts.slice_rows(trained.slices),
        features=facts.feature_rows(trained),
        data_facts=facts.data_facts(trained),
        decision_facts=facts.decision_facts(trained),
        serving_facts=facts.serving_facts(trained),
        reproduction_facts=facts.reproduction_facts(trained),
        command=facts.reproduction_command(trained),
        settings=facts.settings,
        plus_minus=plus_minus,
    )
