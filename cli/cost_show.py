"""The bill for people, on stdout, and what there is to doubt in it, for stderr."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cli.output import show_facts, show_table

if TYPE_CHECKING:
    from infra.cost.estimate import Estimate


def show_estimate(found: Estimate) -> None:
    """The lines, what the others cost, and what follows."""
    load, bill = found.load, found.bill
    title = (
        f"{load.events_per_day:,.0f} events a day of {load.customers:,.0f} customers, {found.prices.region}: "
        f"{dollars(bill.total)} a month, {dollars(bill.per_million)} per million events"
    )
    rows = [
        [line.service, line.what, quantity(line.quantity), line.unit, dollars(line.dollars)]
        for line in bill.lines
    ]
    show_table(["service", "what", "a month", "unit", "$ a month"], rows, title=title)
    compared = [
        [each.name, dollars(each.total), dollars(each.per_million), f"{each.total / bill.total:.2f} ×"]
        for each in (bill, *found.others)
    ]
    show_table(["the same load", "$ a month", "$ per million", "of ours"], compared)
    show_facts(_facts(found))


def _facts(found: Estimate) -> Iterator[tuple[str, str]]:
    flow, deployment, total = found.flow, found.deployment, found.bill.total
    shares = [f"{name} {part / total:.0%}" for name, part in found.bill.by_service().items()][:3]
    yield "what drives it", ", ".join(shares)
    yield "Kinesis", f"{deployment.capacity}, {flow.shards:,} shards × {deployment.parallelization} lanes"
    yield (
        "a batch",
        f"{flow.batch:,.1f} events, {flow.items:,.1f} items written ({flow.collapse_share:.1%} are not), "
        f"{flow.billed_millis:.0f} ms",
    )
    for saving in found.savings[:4]:
        yield "would save", f"{dollars(saving.dollars)} a month: {saving.change}"
    for crossing in found.crossings:
        verb = "cheaper" if crossing.cheaper else "dearer"
        yield (
            "crossing",
            f"from about {crossing.events_per_day:.1e} events a day {verb} than {crossing.other}",
        )
    yield "CPU", f"{found.measured.source} ({found.measured.as_of})"


def doubts(found: Estimate) -> Iterator[str]:
    """What makes the bill less sure than it looks, in one line each."""
    yield f"prices: list prices of {found.prices.as_of}, without free tiers, discounts and taxes"
    if found.unverified:
        yield (
            f"unverified prices: {', '.join(found.unverified)}; each one's source is in "
            f"infra/cost/price_tables/{found.prices.region}.json"
        )
    if found.flow.busy > 1:
        yield (
            f"the scorer falls behind: at the peak a lane would work {found.flow.busy:.0%} of its time; "
            "raise --parallelization or --batch-size"
        )


def dollars(amount: float) -> str:
    """Two decimals, three where it is below ten cents: small lines matter per million."""
    return f"{amount:,.2f}" if amount >= 0.1 else f"{amount:,.3f}"


def quantity(number: float) -> str:
    """Whole where it is large."""
    return f"{number:,.0f}" if number >= 100 else f"{number:,.3g}"
