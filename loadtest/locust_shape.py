"""The load's form as Locust asks for it: how many users of which kinds there should be."""

from __future__ import annotations

import math
import time
from typing import Any

from locust import LoadTestShape

from loadtest.locust_options import options_of
from loadtest.shapes import Shape, publishers_at
from loadtest.users import ProbeUser, PublishUser, ReadUser, TopUser

READS_PER_USER = 10.0  # a second; more users where more are wanted
TOPS_PER_USER = 1.0
PROBES_PER_USER = 1.0  # a second: a probe may take as long as that before its user is late
MAX_FIXED_USERS = 50
ALL_AT_ONCE = 100.0  # users a second; Locust warns above


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
        elapsed = max(0.0, time.perf_counter() - self.start_time - options.warm_up)
        if options.run_time and elapsed >= options.run_time:
            return None
        kinds: list[Any] = [PublishUser]
        fixed = beside_publishers(options)
        users = publishers_at(Shape(options.shape), elapsed, options.run_time, options.num_users or 1)
        return users + sum(kind.fixed_count for kind in fixed), ALL_AT_ONCE, kinds + fixed


def beside_publishers(options: Any) -> list[Any]:
    """The kinds of users that are there all the time, each with its number; a kind without a rate is not."""
    ReadUser.fixed_count = users_for(options.reads, READS_PER_USER)
    TopUser.fixed_count = users_for(options.tops, TOPS_PER_USER)
    ProbeUser.fixed_count = users_for(options.probes, PROBES_PER_USER)
    return [kind for kind in (ReadUser, TopUser, ProbeUser) if kind.fixed_count]


def users_for(rate: float, per_user: float) -> int:
    """How many users a rate takes; none for none."""
    return min(MAX_FIXED_USERS, math.ceil(rate / per_user))
