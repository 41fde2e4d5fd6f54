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
import math
import os
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

from locust import LoadTestShape, events, runners
from locust.argument_parser import LocustArgumentParser
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
from loadtest.shapes import Shape, publishers_at
from loadtest.stream_writer import StreamWriter
from loadtest.table_query import TableQuery
from loadtest.traffic import SYNTHETIC, snapshots_of
from loadtest.users import ChurnUser, ProbeUser, PublishUser, ReadUser, TopUser
from loadtest.work import Rates, Work
from scorer.aws.credentials import Credentials

LOOPBACK = "127.0.0.1"
CONNECTIONS = 32
READS_PER_USER = 25.0  # a second; more users where more are wanted
PROBES_PER_USER = 1.0  # a second: a probe may take as long as that before its user is late
TOPS_PER_USER = 1.0
MAX_FIXED_USERS = 50
PROBE_CUSTOMERS = 200
FINISH_SECONDS = 35  # longer than a probe waits: a request cut off is an event that nobody knows of
ALL_AT_ONCE = 100.0  # users a second; Locust warns above
PREPARED = "churn-prepared"  # from a worker to the master
RUN_ID = f"{int(time.time()):x}"

__all__ = ["ChurnShape", "ProbeUser", "PublishUser", "ReadUser", "TopUser"]

# Reading the stage and encoding the events takes a worker some seconds on a busy machine, and no heart beats.
runners.HEARTBEAT_LIVENESS = 60  # seconds

logging.getLogger("botocore").setLevel(logging.WARNING)

watch = GeneratorWatch()


def add_options(parser: LocustArgumentParser, **_: Any) -> None:
    """The options of this file; those that may differ between two runs are in the web UI too."""

    def option(name: str, default: Any, text: str, *, web: bool = True, **more: Any) -> None:
        more.setdefault("type", type(default))
        parser.add_argument(f"--{name}", default=default, help=text, include_in_web_ui=web, **more)

    option("stage", "local", "local, dev or prod", web=False)
    option("schema", "", "which problem's stack: a schema's name or file", web=False)
    option("events-per-user", 100.0, "events a second of one publishing user")
    option("reads", 10.0, "reads of a customer's latest score a second, altogether")
    option("tops", 0.1, "reads of the customers most at risk a second, altogether")
    option("probes", 1.0, "end-to-end probes a second, altogether")
    option("shape", Shape.STEADY.value, "the form of the load", choices=[shape.value for shape in Shape])
    option("customers", 5000, "how many customers the events are about; few of them collapse more events")
    option("data", SYNTHETIC, "synthetic, or a table whose rows are the events", web=False)
    option("seed", 0, "of the synthetic customers", web=False)
    option("results", "", "an existing folder for ledgers of what was published", web=False)
    option("run-id", RUN_ID, "what the customers' ids of this run begin with", web=False)
    # Both would listen on all interfaces, without a password.
    parser.set_defaults(web_host=LOOPBACK, master_bind_host=LOOPBACK)


class ChurnShape(LoadTestShape):
    """The chosen form, with `--users` publishing users at its top, for `--run-time`.

    Its clock stands still until every worker has prepared itself, which is no part of the run.
    """

    use_common_options = True
    unprepared = 0  # workers

    def tick(self) -> tuple[int, float, list[Any]] | None:
        """How many users of which kinds there should be now; None ends the test."""
        assert self.runner
        options = options_of(self.runner.environment)
        if self.unprepared:
            self.start_time = time.perf_counter()
        elapsed = time.perf_counter() - self.start_time
        if options.run_time and elapsed >= options.run_time:
            return None
        kinds: list[Any] = [PublishUser]
        fixed = beside_publishers(options)
        users = publishers_at(Shape(options.shape), elapsed, options.run_time, options.num_users or 1)
        return users + sum(kind.fixed_count for kind in fixed), ALL_AT_ONCE, kinds + fixed


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


def worker_is_prepared(environment: Environment) -> None:
    """One of the workers can begin."""
    if isinstance(environment.shape_class, ChurnShape):
        environment.shape_class.unprepared -= 1


def finish(environment: Environment, **_: Any) -> None:
    """After the last user has stopped: end the ledgers, and tell how busy this process was."""
    if isinstance(environment.runner, MasterRunner) or not hasattr(ChurnUser, "work"):
        return
    ChurnUser.work.close()
    options = options_of(environment)
    if options.results:
        watch.write(Path(options.results), process_name(environment))
    else:
        watch.stop()


def options_of(environment: Environment) -> Any:
    """The command line, or what the web UI or the master made of it."""
    return environment.parsed_options


@functools.cache
def stage_of(name: str, schema: str) -> Stage:
    """The stage, found once. A worker may be told to start before its `init` event is through."""
    return resolve_stage(name, schema or None)


def beside_publishers(options: Any) -> list[Any]:
    """The kinds of users that are there all the time, each with its number; a kind without a rate is not."""
    ReadUser.fixed_count = users_for(options.reads, READS_PER_USER)
    TopUser.fixed_count = users_for(options.tops, TOPS_PER_USER)
    ProbeUser.fixed_count = users_for(options.probes, PROBES_PER_USER)
    return [kind for kind in (ReadUser, TopUser, ProbeUser) if kind.fixed_count]


def users_for(rate: float, per_user: float) -> int:
    """How many users a rate takes; none for none."""
    return min(MAX_FIXED_USERS, math.ceil(rate / per_user))


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
