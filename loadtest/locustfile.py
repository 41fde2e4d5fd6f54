"""The load test as Locust runs it:

    locust -f loadtest/locustfile.py --headless --users 10 --run-time 60s
    locust -f loadtest/locustfile.py                   # web UI on http://127.0.0.1:8089
    locust -f loadtest/locustfile.py --processes 2 --headless --users 50

`--users` are publishing users, each of which sends `--events-per-user` events a second; readers and probes
come on top. `churn loadtest` runs this file with gates and an account of every event.

An entry point: it reads the environment, and finds its stage as every command does.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import gevent
from locust import events, runners
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from cli.errors import CommandError
from cli.stage import Stage, resolve_stage
from contract.errors import ContractError
from loadtest.fresh_events import FreshEvents
from loadtest.generator_watch import GeneratorWatch
from loadtest.json_service import JsonService
from loadtest.latency_log import LatencyLog
from loadtest.ledger import LedgerWriter
from loadtest.locust_options import add_options, options_of
from loadtest.locust_shape import ChurnShape, beside_publishers
from loadtest.stream_writer import StreamWriter
from loadtest.table_query import TableQuery
from loadtest.traffic import snapshots_of
from loadtest.users import ChurnUser, ProbeUser, PublishUser, ReadUser, TopUser
from loadtest.work import Rates, Work
from scorer.aws.credentials import Credentials

CONNECTIONS = 32
PROBE_CUSTOMERS = 200
FINISH_SECONDS = 35  # longer than a probe waits: a request cut off is an event that nobody knows of
PREPARED = "churn-prepared"  # from a worker to the master

__all__ = ["ChurnShape", "ProbeUser", "PublishUser", "ReadUser", "TopUser"]

# Reading the stage and encoding the events takes a worker some seconds on a busy machine, and no heart beats.
runners.HEARTBEAT_LIVENESS = 60  # seconds

logging.getLogger("botocore").setLevel(logging.WARNING)

watch = GeneratorWatch()
warming_up: gevent.Greenlet | None = None


def find_stage(environment: Environment, **_: Any) -> None:
    """Find the stage, or end with one line."""
    options = options_of(environment)
    environment.stop_timeout = environment.stop_timeout or FINISH_SECONDS
    try:
        environment.host = stage_of(options.stage, options.schema).stack  # shown in the web UI, nothing else
    except (CommandError, ContractError) as error:
        sys.exit(f"locust: {error}")
    if isinstance(environment.runner, MasterRunner):
        environment.runner.register_message(PREPARED, lambda **_: worker_is_prepared(environment))


def prepare(environment: Environment, **_: Any) -> None:
    """Before any user starts: what the users of this process share."""
    beside_publishers(options_of(environment))
    shape = environment.shape_class
    if isinstance(environment.runner, MasterRunner):
        if isinstance(shape, ChurnShape):
            shape.unprepared = environment.runner.worker_count
        return
    ChurnUser.work = work_for(environment)
    if isinstance(environment.runner, WorkerRunner):
        environment.runner.send_message(PREPARED)
    elif shape:
        shape.start_time = time.perf_counter()
    watch.start()
    measure_after(options_of(environment).warm_up, environment)


def worker_is_prepared(environment: Environment) -> None:
    """One of the workers can begin."""
    if isinstance(environment.shape_class, ChurnShape):
        environment.shape_class.unprepared -= 1
        if not environment.shape_class.unprepared:
            measure_after(options_of(environment).warm_up, environment)


def measure_after(seconds: float, environment: Environment) -> None:
    """Forget, after the warm-up, all that this process measured in it: cold starts, first connections."""

    def forget() -> None:
        environment.stats.reset_all()
        if not isinstance(environment.runner, MasterRunner):
            ChurnUser.work.begin_measuring()
            watch.start()

    global warming_up
    warming_up = gevent.spawn_later(seconds, forget)


def finish(environment: Environment, **_: Any) -> None:
    """After the last user has stopped: end the ledgers, and tell how busy this process was."""
    if warming_up:
        warming_up.kill()
    if isinstance(environment.runner, MasterRunner) or not hasattr(ChurnUser, "work"):
        return
    ChurnUser.work.close()
    options = options_of(environment)
    if options.results:
        watch.write(Path(options.results), process_name(environment))
    else:
        watch.stop()


@functools.cache
def stage_of(name: str, schema: str) -> Stage:
    """The stage, found once. A worker may be told to start before its `init` event is through."""
    return resolve_stage(name, schema or None)


def process_name(environment: Environment) -> str:
    """What is unique to this process within a run."""
    runner = environment.runner
    return f"generator-{runner.worker_index if isinstance(runner, WorkerRunner) else 0}"


def work_for(environment: Environment) -> Work:
    """Clients, events and ledgers of this process."""
    options = options_of(environment)
    name = process_name(environment)
    customers = max(1, options.customers // max(1, options.expect_workers))
    stage = stage_of(options.stage, options.schema)
    schema = stage.feature_schema()
    prefix = f"{options.run_id}-{name.rpartition('-')[2]}-"
    published = FreshEvents(snapshots_of(options.data, schema, customers, options.seed), prefix=prefix)
    of_probes = snapshots_of(options.data, schema, PROBE_CUSTOMERS, options.seed + 1)
    probes = FreshEvents(islice(of_probes, PROBE_CUSTOMERS), prefix=f"{prefix}probe-")
    folder = Path(options.results) if options.results else None
    return Work(
        rates=Rates(options.events_per_user, options.reads, options.tops, options.probes),
        stream=StreamWriter(service(stage, "kinesis"), stage.stream),
        table=TableQuery(service(stage, "dynamodb"), stage.table),
        scores=stage.scores(),
        events=published,
        probe_events=probes,
        ledger=LedgerWriter(folder, name, published.customers) if folder else None,
        probe_ledger=LedgerWriter(folder, f"{name}-probes", probes.customers) if folder else None,
        latencies=LatencyLog(folder, name) if folder else None,
    )


def service(stage: Stage, name: str) -> JsonService:
    """A client for the stage's own address of a service, with the credentials of the environment."""
    found = stage.client(name).meta
    return JsonService(
        name,
        url=found.endpoint_url,
        region=found.region_name,
        credentials=Credentials(os.environ),
        connections=CONNECTIONS,
        ca_bundle=os.environ.get("AWS_CA_BUNDLE", ""),
    )


events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]
events.init.add_listener(find_stage)  # type: ignore[no-untyped-call]
events.test_start.add_listener(prepare)  # type: ignore[no-untyped-call]
events.test_stop.add_listener(finish)  # type: ignore[no-untyped-call]
