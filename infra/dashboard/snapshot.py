"""A deployed dashboard, read: its definition and the data of a time range, as one document."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.dashboard.alarm_states import AlarmState, alarm_states
from infra.dashboard.definition import (
    AlarmPanel,
    Definition,
    LogPanel,
    MetricPanel,
    TextPanel,
    Unknown,
    Widget,
    read_definition,
)
from infra.dashboard.drawn import Elsewhere, Lines, Shape
from infra.dashboard.errors import DashboardError
from infra.dashboard.evaluated_there import evaluate_there
from infra.dashboard.log_rows import log_rows
from infra.dashboard.metric_data import Answers, fetch
from infra.dashboard.time_range import Shown

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient

SCORES = "EventsWritten"  # the metric that counts them
AT_ONCE = 5  # requests: metrics, alarms, the model, two log queries
DEPLOY_AGAIN = {"local": "churn local down && churn local up"}
NOT_FOUND = ("ResourceNotFound", "DashboardNotFoundError", "ResourceNotFoundException")


@dataclass(frozen=True)
class Deployed:
    """A deployed stack's dashboard and how to read it.

    `model` tells which model serves, None where none does. The commands are what a person types where
    nothing happens yet. `log_seconds` is how long the rows of a log query stay good: Logs Insights is paid by
    the bytes it reads.
    """

    stage: str
    stack: str
    cloudwatch: CloudWatchClient
    logs: CloudWatchLogsClient
    model: Callable[[], Shape | None]
    train_command: str
    publish_command: str
    log_seconds: float
    _rows: dict[tuple[LogPanel, int], tuple[float, Shape]] = field(default_factory=dict)

    def definition(self) -> Definition:
        """As GetDashboard gives it. Raises DashboardError where the stack has none."""
        try:
            found = self.cloudwatch.get_dashboard(DashboardName=self.stack)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in NOT_FOUND:
                raise
            again = DEPLOY_AGAIN.get(self.stage, f"make deploy STAGE={self.stage}")
            raise DashboardError(
                f"stack {self.stack} has no dashboard of its name in this region: deploy it again (`{again}`)"
            ) from None
        return read_definition(found["DashboardBody"], self.cloudwatch.meta.region_name)

    def snapshot(self, seconds: int, now: float | None = None) -> Shape:
        """Everything that the page shows of the last `seconds`. Raises DashboardError and botocore's."""
        definition = self.definition()
        shown = Shown(seconds, time.time() if now is None else now, definition.own_periods)
        data, model = self._read(definition, shown)
        seen = shown.window
        return {
            "stage": self.stage,
            "stack": self.stack,
            "at": int(shown.now),
            "range": {"seconds": seconds, "start": seen.start, "end": seen.end, "period": seen.period},
            "model": model,
            "scored": data.holds_scores,
            "next_command": self.publish_command if model else self.train_command,
            "widgets": [data.shape(widget) for widget in definition.widgets],
        }

    def _read(self, definition: Definition, shown: Shown) -> tuple[Data, Shape | None]:
        """All that takes a request, at the same time."""
        panels = [widget.panel for widget in definition.widgets]
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            model = pool.submit(self.model)
            rows = {p: pool.submit(self._log, p, shown) for p in panels if isinstance(p, LogPanel)}
            names = [name for panel in panels if isinstance(panel, AlarmPanel) for name in panel.names]
            alarms = pool.submit(alarm_states, self.cloudwatch, names)
            graphs = [Lines(panel, shown) for panel in panels if isinstance(panel, MetricPanel)]
            answers = fetch(self.cloudwatch, chain.from_iterable(each.wanted() for each in graphs))
            found = {panel: future.result() for panel, future in rows.items()}
            there = partial(evaluate_there, self.cloudwatch)
            return Data(shown, answers, there, alarms.result(), found), model.result()

    def _log(self, panel: LogPanel, shown: Shown) -> Shape:
        read, shape = self._rows.get((panel, shown.seconds), (0.0, {}))
        if shape and shown.now - read < self.log_seconds:
            return shape
        columns: list[str] = []
        rows: list[list[str]] = []
        complaints: list[str] = []
        try:
            columns, rows = log_rows(self.logs, panel, int(shown.now) - shown.seconds, int(shown.now) + 1)
        except (ClientError, DashboardError) as error:
            # The log group of a function that never ran is not there yet; the rest of the page is.
            complaints.append(_line(error))
        shape = {"type": "log", "columns": columns, "rows": rows, "complaints": complaints}
        self._rows[panel, shown.seconds] = (shown.now, shape)
        return shape


@dataclass(frozen=True, slots=True)
class Data:
    """What was read for all widgets."""

    shown: Shown
    answers: Answers
    elsewhere: Elsewhere
    alarms: dict[str, AlarmState]
    rows: dict[LogPanel, Shape]

    @property
    def holds_scores(self) -> bool:
        """Whether anything was scored in the time that is shown."""
        counted = (series for each, series in self.answers.series.items() if each.metric.name == SCORES)
        return any(value > 0 for series in counted for value in series.values())

    def shape(self, widget: Widget) -> Shape:
        """A widget with its place and its values."""
        place = {name: getattr(widget, name) for name in ("x", "y", "width", "height", "title")}
        match widget.panel:
            case MetricPanel() as panel:
                return place | Lines(panel, self.shown).draw(self.answers, self.elsewhere)
            case TextPanel(markdown):
                return place | {"type": "text", "markdown": markdown}
            case AlarmPanel(names):
                return place | {"type": "alarm", "alarms": [self.alarms[name] for name in names]}
            case LogPanel() as panel:
                return place | self.rows[panel]
            case Unknown(reason):
                return place | {"type": "unknown", "complaints": [reason]}


def _line(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message") or error)
    return str(error)
