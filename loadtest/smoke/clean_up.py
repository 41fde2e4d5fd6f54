"""What a smoke test wrote is taken away again, as far as one may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from loadtest.deployment import Deployment
from scorer.errors import ScorerError
from scorer.rejected import RejectedRecord


def clean_up(
    deployment: Deployment, customers: Sequence[str], rejected: RejectedRecord | None
) -> Iterator[str]:
    """Delete the scores, and take the broken event off the list; a line for each thing that stays.

    Scores and rejected bytes expire by themselves, so that nothing stays for good.
    """
    for customer in customers:
        try:
            deployment.forget(customer)
        except (ClientError, BotoCoreError, ScorerError) as error:
            yield f"scores of {customer}: {error}"
    if rejected is None:
        return
    try:
        if any(record.event_id != rejected.event_id for record in deployment.rejected.load(rejected.key)):
            yield f"the broken event in {rejected.key}, which holds others too"
        else:
            deployment.rejected.mark_replayed(rejected.key)
    except ScorerError as error:
        yield f"the broken event: {error}"
