"""The options that the locustfile adds to Locust's own."""

from __future__ import annotations

import time
from typing import Any

from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtest.shapes import Shape
from loadtest.traffic import SYNTHETIC

LOOPBACK = "127.0.0.1"
RUN_ID = f"{int(time.time()):x}"


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
    option("warm-up", 0.0, "seconds of load before the shape begins and anything is measured")
    option("shape", Shape.STEADY.value, "the form of the load", choices=[shape.value for shape in Shape])
    option("customers", 5000, "how many customers the events are about; few of them collapse more events")
    option("data", SYNTHETIC, "synthetic, or a table whose rows are the events", web=False)
    option("seed", 0, "of the synthetic customers", web=False)
    option("results", "", "an existing folder for ledgers of what was published", web=False)
    option("run-id", RUN_ID, "what the customers' ids of this run begin with", web=False)
    # Both would listen on all interfaces, without a password.
    parser.set_defaults(web_host=LOOPBACK, master_bind_host=LOOPBACK)


def options_of(environment: Environment) -> Any:
    """The command line, or what the web UI or the master made of it."""
    return environment.parsed_options
