"""The bill for people, on stdout, and what there is to doubt in it, for stderr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cli.output import show_facts, show_table

if TYPE_CHECKING:
    from infra.cost.estimate import Estimate

SAVINGS_SHOWN = 4
SHARE_SHOWN = 0.01


def show_estimate(found: Estimate) -> None:
    """The lines, what the others cost, and what follows."""
    load, bill = found.load, found.bill
    title = (
        f"{load.events_per_day:,.0f} events a day of {load.customers:,.0f} customers, {found.prices.region}: "
        f"{dollars(bill.total)} a month, {dollars(bill.per_million)} per million events"
    )
    amounts = justified([dollars(line.dollars) for line in bill.lines])
    counts = justified([quantity(line.quantity) for line in bill.lines])
    show_table(
        ["service", "what", "in a month", "of", "$ a month"],
        [
            [line.service, line.what, count, line.unit, amount]
            for line, count, amount in zip(bill.lines, counts, amounts, strict=True)
        ],
        title=title,
    )
    bills = (bill, *found.others)
    columns = (
        [dollars(each.total) for each in bills],
        [dollars(each.per_million) for each in bills],
        [dollars(each.besides_table) for each in bills],
        [f"{each.total / bill.total:.2f}" for each in bills],
    )
    rows = zip([each.name for each in bills], *map(justified, columns), strict=True)
    headers = ["the same load", "$ a month", "per million", "without DynamoDB", "÷ ours"]
    show_table(headers, [list(row) for row in rows], title=" ")
    show_facts(_facts(found), title=" ")


def _facts(found: Estimate) -> Iterator[tuple[str, str]]:
    flow, deployment, total = found.flow, found.deployment, found.bill.total
    shares = {name: part / total for name, part in found.bill.by_service().items()}
    named = [f"{name} {share:.0%}" for name, share in shares.items() if share >= SHARE_SHOWN]
    yield "what drives it", ", ".join(named)
    shards = "1 shard" if flow.shards == 1 else f"{flow.shards:,} shards"
    lanes = (
        "one batch at a time" if deployment.parallelization == 1 else f"{deployment.parallelization} at once"
    )
    yield "Kinesis", f"{deployment.capacity}, {shards}, {lanes} from each"
    yield (
        "a batch",
        f"{flow.batch:,.1f} events, of which {flow.items:,.1f} are written, in {flow.billed_millis:.0f} ms",
    )
    for saving in found.savings[:SAVINGS_SHOWN]:
        yield "would save", f"{dollars(saving.dollars)} a month: {saving.change}"
    for crossing in found.crossings:
        verb = "less" if crossing.cheaper else "more"
        about = float(f"{crossing.events_per_day:.1g}")
        yield f"costs {verb}", f"than {crossing.other}, from about {about:,.0f} events a day"
    yield "CPU", f"{found.measured.source} ({found.measured.as_of})"


def doubts(found: Estimate) -> Iterator[str]:
    """What makes the bill less sure than it looks, in one line each."""
    yield f"prices: list prices as of {found.prices.as_of}, without free tiers, discounts and taxes"
    if found.unverified:
        yield (
            f"not verified: {', '.join(found.unverified)}; what is known of each price is in "
            f"infra/cost/price_tables/{found.prices.region}.json"
        )
    if found.flow.busy > 1:
        yield (
            f"the scorer falls behind: at the peak a lane would work {found.flow.busy:.0%} of its time; "
            "raise --parallelization or --memory"
        )


def justified(texts: Sequence[str]) -> list[str]:
    """Aligned at the right."""
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]


def dollars(amount: float) -> str:
    """Two decimals, three where it is below ten cents: small lines matter per million."""
    return f"${amount:,.2f}" if amount >= 0.1 else f"${amount:,.3f}"


def quantity(number: float) -> str:
    """Whole where it is large."""
    return f"{number:,.0f}" if number >= 100 else f"{number:,.3g}"
