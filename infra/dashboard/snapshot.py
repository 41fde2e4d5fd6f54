"""A deployed dashboard, read: its definition and the data of a time range, as one document."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
from infra.dashboard.drawn import Shape, draw, wanted_of
from infra.dashboard.errors import DashboardError
from infra.dashboard.log_rows import log_rows
from infra.dashboard.metric_data import Answers, Wanted, fetch
from infra.dashboard.time_range import period_for, window

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient

NOT_FOUND = ("ResourceNotFound", "DashboardNotFoundError", "ResourceNotFoundException")


@dataclass(frozen=True)
class Deployed:
    """A deployed stack's dashboard and how to read it.

    `model` tells which model serves, None where none does. `publish_command` is what a person types to see
    something happen. `log_seconds` is how long the rows of a log query stay good: Logs Insights is paid by
    the bytes it reads.
    """

    stage: str
    stack: str
    cloudwatch: CloudWatchClient
    logs: CloudWatchLogsClient
    model: Callable[[], Shape | None]
    publish_command: str
    log_seconds: float
    _rows: dict[tuple[LogPanel, int], tuple[float, Shape]] = field(default_factory=dict)

    def definition(self) -> Definition:
        """As GetDashboard gives it. Raises DashboardError where the stack has none."""
        try:
            return read_definition(self.cloudwatch.get_dashboard(DashboardName=self.stack)["DashboardBody"])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in NOT_FOUND:
                raise
            again = (
                "churn local down && churn local up"
                if self.stage == "local"
                else f"make deploy STAGE={self.stage}"
            )
            raise DashboardError(
                f"stack {self.stack} has no dashboard of its name in this region: deploy it again (`{again}`)"
            ) from None

    def snapshot(self, seconds: int, now: float | None = None) -> Shape:
        """Everything that the page shows of the last `seconds`. Raises DashboardError and botocore's."""
        now = time.time() if now is None else now
        definition = self.definition()
        panels = [widget.panel for widget in definition.widgets]
        graphs = [panel for panel in panels if isinstance(panel, MetricPanel)]
        own = definition.own_periods
        with ThreadPoolExecutor(max_workers=4) as pool:
            rows = {
                each: pool.submit(self._log, each, seconds, now)
                for each in panels
                if isinstance(each, LogPanel)
            }
            names = [name for panel in panels if isinstance(panel, AlarmPanel) for name in panel.names]
            states = pool.submit(alarm_states, self.cloudwatch, names) if names else None
            model = pool.submit(self.model)
            answers = fetch(
                self.cloudwatch, (w for each in graphs for w in wanted_of(each, seconds, now, own))
            )
            alarms = states.result() if states else {}
            found = {panel: future.result() for panel, future in rows.items()}
            serving = model.result()
        seen = window(seconds, now, period_for(seconds))

        def shape(widget: Widget) -> Shape:
            return _shape(widget, answers, alarms, found, seconds, now, own)

        return {
            "stage": self.stage,
            "stack": self.stack,
            "at": int(now),
            "range": {"seconds": seconds, "start": seen.start, "end": seen.end, "period": seen.period},
            "model": serving,
            "scored": any(answers.series[each] for each in answers.series if not _is_of_aws(each)),
            "publish_command": self.publish_command,
            "widgets": [shape(widget) for widget in definition.widgets],
        }

    def _log(self, panel: LogPanel, seconds: int, now: float) -> Shape:
        read, shape = self._rows.get((panel, seconds), (0.0, {}))
        if shape and now - read < self.log_seconds:
            return shape
        try:
            columns, rows = log_rows(self.logs, panel, int(now) - seconds, int(now) + 1)
            shape = {"type": "log", "columns": columns, "rows": rows, "complaints": []}
        except (ClientError, DashboardError) as error:
            # The log group of a function that never ran is not there yet; the rest of the page is.
            shape = {"type": "log", "columns": [], "rows": [], "complaints": [_line(error)]}
        self._rows[panel, seconds] = (now, shape)
        return shape


def _is_of_aws(wanted: Wanted) -> bool:
    return wanted.metric.namespace.startswith("AWS/")


def _line(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message") or error)
    return str(error)


def _shape(
    widget: Widget,
    answers: Answers,
    alarms: dict[str, AlarmState],
    rows: dict[LogPanel, Shape],
    seconds: int,
    now: float,
    own: bool,
) -> Shape:
    place = {name: getattr(widget, name) for name in ("x", "y", "width", "height", "title")}
    drawn: dict[str, Any]
    match widget.panel:
        case MetricPanel() as panel:
            drawn = draw(panel, answers, seconds, now, own)
        case TextPanel(markdown):
            drawn = {"type": "text", "markdown": markdown}
        case AlarmPanel(names):
            drawn = {"type": "alarm", "alarms": [alarms[name] for name in names]}
        case LogPanel() as panel:
            drawn = rows[panel]
        case Unknown(reason):
            drawn = {"type": "unknown", "complaints": [reason]}
    return place | drawn
