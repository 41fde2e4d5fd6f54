"""`churn dashboard`: the deployed CloudWatch dashboard, live, in a browser."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import WRONG_USAGE, CommandError
from cli.files import require_file
from cli.known_errors import explain
from cli.output import emit_json, note
from cli.stage import LOCAL, JsonOption, ProblemOption, Stage, StageOption, resolve_stage

if TYPE_CHECKING:
    from infra.dashboard.feed import Feed
    from infra.dashboard.snapshot import Deployed

# How often the page asks, and how long a log query's rows are good. CloudWatch is paid by the metric.
REFRESH_SECONDS = {LOCAL: 3.0}
REFRESH_SECONDS_ON_AWS = 60.0
LOG_SECONDS = {LOCAL: 3.0}
LOG_SECONDS_ON_AWS = 300.0
STILL_FRESH = 0.5  # of the time between two questions


def dashboard(
    stage: StageOption = LOCAL,
    schema: ProblemOption = None,
    since: Annotated[
        str, typer.Option("--since", help="How much time to show at first: 15m, 1h, 3h, 12h, 1d, 1w, …")
    ] = "1h",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where to serve the page; 0 takes a free port.")
    ] = 0,
    open_it: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
    png: Annotated[
        Path | None, typer.Option("--png", help="Draw it into this file, and serve nothing.")
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Draw the file on dark ground.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Open the deployed dashboard, live, in a browser: is it healthy, keeping up, how much, saying what.

    Shows the definition that is deployed, as CloudWatch's console does, for any stage. The page is served to
    this machine only, until Ctrl-C. `--png` needs a Chromium or Chrome; `--json` prints the data and ends.
    """
    from infra.dashboard.errors import DashboardError
    from infra.dashboard.picture import take_picture
    from infra.dashboard.server import serving
    from infra.dashboard.time_range import read_since

    try:
        seconds = read_since(since)
    except DashboardError as error:
        raise CommandError(f"--since: {error}", WRONG_USAGE) from None
    if png is not None:
        if as_json:
            raise CommandError("--png and --json: one of them at a time", WRONG_USAGE)
        require_file("--png", png)
    deployed = read(stage, schema)
    deployed.definition()  # a stack without one fails here, not on a page
    if as_json:
        emit_json(deployed.snapshot(seconds))
        return
    refresh = REFRESH_SECONDS.get(stage, REFRESH_SECONDS_ON_AWS)
    with serving(feed(stage, schema, deployed, refresh), port=port, refresh_seconds=refresh) as address:
        url = f"{address}?since={since}"
        if png is not None:
            take_picture(url, png, dark=dark)
            note(f"drawn into {png}")
            return
        show(url, open_it)


def show(url: str, open_it: bool) -> None:
    """Say where the page is, open it, and wait until Ctrl-C."""
    print(url, flush=True)
    note("the address works on this machine only; Ctrl-C ends it")
    if open_it and not webbrowser.open(url):
        note("no browser could be opened: copy the address into one")
    until_stopped()


def until_stopped() -> None:
    """Wait for Ctrl-C, or for being told to end."""
    threading.Event().wait()


def read(stage: str, schema: str | None) -> Deployed:
    """A stage's deployed dashboard."""
    from botocore.config import Config

    from infra.dashboard.snapshot import Deployed

    found = resolve_stage(stage, schema)
    quick = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3})
    return Deployed(
        stage=found.name,
        stack=found.stack,
        cloudwatch=found.client("cloudwatch", config=quick),
        logs=found.client("logs", config=quick),
        model=lambda: serving_model(found),
        train_command=f"churn train --data customers.csv{found.options}",
        publish_command=f"churn publish customers.csv{found.options}",
        log_seconds=LOG_SECONDS.get(found.name, LOG_SECONDS_ON_AWS),
    )


def feed(stage: str, schema: str | None, deployed: Deployed, refresh: float) -> Feed:
    """What the page is told, beginning with a deployed dashboard that was just found."""
    from infra.dashboard.feed import Feed

    first = [deployed]
    return Feed(
        lambda: first.pop() if first else read(stage, schema),
        lambda error: str(error) if isinstance(error, CommandError) else (explain(error) or (None,))[0],
        fresh_seconds=refresh * STILL_FRESH,
    )


def serving_model(stage: Stage) -> dict[str, Any] | None:
    """Which version serves, and who promoted it when; None before there is one."""
    from contract.event import parse_time
    from training.errors import RegistryError

    try:
        pointer = stage.registry().champion()
    except RegistryError as error:
        return {"problem": str(error)}  # who may read metrics need not be allowed to read models
    if pointer is None:
        return None
    champion = pointer[0]
    return {
        "version": champion.version,
        "promoted_by": champion.promoted_by,
        "promoted_at": parse_time(champion.promoted_at) // 1000,
        "reason": champion.reason,
    }
