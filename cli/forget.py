"""`churn scores forget`: erase one customer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import WRONG_USAGE, CommandError
from cli.output import emit_json, note, progress_bar, show_facts
from cli.stage import JsonOption, ProblemOption, Stage, StageOption, resolve_stage

if TYPE_CHECKING:
    from scorer.erasure.erase import Erasure, Tally
    from scorer.erasure.remains import Remains

SHOWN_EVENTS = 10

AlsoOption = Annotated[
    list[str] | None,
    typer.Option(
        "--also",
        metavar="EVENT",
        help="Erase this event too, which names the customer but may be another's; may be repeated.",
    ),
]


def forget(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id.")],
    also: AlsoOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase one customer: every score, and every stored event that could not be scored, in all its versions.

    It looks again until nothing is left, and prints counts, never what was in the events. No command can take
    an event off the stream, and one that is still under way writes a new score: so it says until when the
    stream holds what is on it now. Run it again after that, and "nothing is stored" is the proof. Exit 1
    where there is nothing to erase.
    """
    _require_id(customer)
    target = resolve_stage(stage, schema)
    erasure = _erasure(target, customer, also or [])
    with progress_bar("looking") as bar:
        found = erasure.find(bar)
    if missing := sorted(set(also or ()) - found.events):
        raise CommandError(
            f"--also {missing[0]}: no stored event has this id; --dry-run lists those that name the customer"
        )
    remaining = _remains(target)
    if not found and not found.unknown and not (dry_run and found.unsure):
        raise CommandError(
            f"nothing is stored of customer {customer!r}; the stream may hold events of theirs until "
            f"{remaining.stream_until}, and after that this is final{_unsure_in_short(found)}"
        )
    if not dry_run:
        if not yes:
            _confirm(customer, found, target)
        with progress_bar("erasing") as bar:
            found = erasure.erase(bar)
    _tell(customer, found, remaining, dry_run=dry_run, as_json=as_json)
    if found.unknown and not dry_run:
        raise CommandError(
            f"not everything is erased: {len(found.unknown)} objects hold this id and have no known form; "
            f"look at them and delete all their versions: {', '.join(sorted(found.unknown)[:SHOWN_EVENTS])}"
        )


def _require_id(customer: str) -> None:
    from contract.event import MAX_SUBJECT_CHARS

    if not 1 <= len(customer) <= MAX_SUBJECT_CHARS:
        raise CommandError(
            f"a customer id has 1 to {MAX_SUBJECT_CHARS} characters, this one has {len(customer)}",
            WRONG_USAGE,
        )


def _erasure(target: Stage, customer: str, also: list[str]) -> Erasure:
    from scorer.erasure.erase import Erasure
    from scorer.erasure.holding import Sought
    from scorer.erasure.items import CustomerItems
    from scorer.erasure.mention import Customer
    from scorer.erasure.versions import VersionedBucket

    return Erasure(
        CustomerItems(target.client("dynamodb"), target.table),
        VersionedBucket(target.client("s3"), target.bucket),
        Sought(Customer(customer), frozenset(also)),
    )


def _remains(target: Stage) -> Remains:
    from scorer.erasure.remains import remains

    return remains(target.client("kinesis"), target.stream, target.client("dynamodb"), target.table)


def _confirm(customer: str, found: Tally, target: Stage) -> None:
    if not sys.stdin.isatty():
        raise CommandError(
            "erasing asks first, and here is nobody to ask: add --yes, or --dry-run", WRONG_USAGE
        )
    question = f"erase of customer {customer!r} from {target.stack}, for good: {_counted(found)}?"
    if not typer.confirm(question, err=True):
        raise CommandError("nothing was erased")


def _counted(found: Tally) -> str:
    told = f"scores: {found.scores}, events: {len(found.events)}"
    by_text = f" ({len(found.by_text)} of them known by their text alone)" if found.by_text else ""
    return f"{told}{by_text}, object versions with these: {len(found.versions)}"


def _unsure_in_short(found: Tally) -> str:
    return f" ({len(found.unsure)} events of others name them: see --dry-run)" if found.unsure else ""


def _tell(customer: str, found: Tally, remaining: Remains, *, dry_run: bool, as_json: bool) -> None:
    facts: dict[str, Any] = {
        "customer_id": customer,
        "erased": not dry_run,
        "scores": found.scores,
        "events": len(found.events),
        "events_by_text": len(found.by_text),
        "object_versions": len(found.versions),
        "unsure": sorted(found.unsure),
        "unknown": sorted(found.unknown),
        "stream_until": remaining.stream_until,
        "backups_until": remaining.backups_until,
    }
    if as_json:
        return emit_json(facts)
    shown: dict[str, object] = {"unsure": len(found.unsure), "unknown": len(found.unknown)}
    shown["backups_until"] = remaining.backups_until or "point-in-time recovery is off"
    show_facts({**facts, **shown}.items())
    for line in _advice(found, remaining):
        note(line)
    return None


def _advice(found: Tally, remaining: Remains) -> list[str]:
    lines = [
        f"the stream holds what is on it now until {remaining.stream_until}, and an event that is under way "
        "writes a new score: stop sending them, and run this again after that time",
    ]
    if remaining.backups_until:
        lines.append(
            f"the table can be restored to a state with these scores until {remaining.backups_until}"
        )
    if found.by_text:
        lines.append(
            f"{len(found.by_text)} events said of nobody whose they are, and had the id in their text"
        )
    if found.unsure:
        lines.append(
            "these events name the customer and stay, because they are another's or the id may be chance; "
            "look at them (`churn rejected show EVENT`) and name them with --also EVENT: "
            + ", ".join(sorted(found.unsure)[:SHOWN_EVENTS])
        )
    return lines
