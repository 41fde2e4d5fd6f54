"""Rows of a Logs Insights query.

An endpoint may know only the fields that begin with @, where CloudWatch also knows those of JSON lines. So
the whole line is asked for too, and a field that came back empty is looked up in it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from infra.dashboard.definition import LogPanel
from infra.dashboard.errors import DashboardError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

MESSAGE = "@message"
POLL_SECONDS = 0.3
LONGEST_SECONDS = 20.0
UNFINISHED = ("Scheduled", "Running")


def log_rows(
    client: CloudWatchLogsClient,
    panel: LogPanel,
    start: int,
    end: int,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[list[str], list[list[str]]]:
    """The columns that the query names and its rows, over epoch seconds from `start` to `end`.

    Raises DashboardError where CloudWatch does not finish it, else what botocore raises.
    """
    columns = _columns(panel.query)
    query = client.start_query(
        logGroupNames=list(panel.groups),
        startTime=start,
        endTime=end,
        queryString=_with_message(panel.query),
    )["queryId"]
    for _ in range(int(LONGEST_SECONDS / POLL_SECONDS)):
        answer = client.get_query_results(queryId=query)
        if answer["status"] not in UNFINISHED:
            break
        sleep(POLL_SECONDS)
    if answer["status"] != "Complete":
        raise DashboardError(f"the log query did not finish: {answer['status']}")
    rows = [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]
    shown = columns or [name for name in dict.fromkeys(k for row in rows for k in row) if name != "@ptr"]
    return shown, [[_cell(row, column) for column in shown] for row in rows]


def _columns(query: str) -> list[str]:
    for stage in re.split(r"\s*\|\s*", query):
        word, _, rest = stage.partition(" ")
        if word in ("fields", "display"):
            return [name.strip() for name in rest.split(",")]
    return []


def _with_message(query: str) -> str:
    if MESSAGE in _columns(query):
        return query
    return re.sub(r"^fields ", f"fields {MESSAGE}, ", query)


def _cell(row: Mapping[str, str], column: str) -> str:
    if row.get(column):
        return row[column]
    try:
        found: Any = json.loads(row.get(MESSAGE, ""))
        for part in column.split("."):
            found = found[part]
    except (ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else json.dumps(found)
