"""This system's bill for a month: one function for each service, one line for each thing AWS counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from infra.cost.load import (
    DAYS_PER_MONTH,
    GB,
    HOURS_PER_MONTH,
    ON_DEMAND,
    PROVISIONED,
    Deployment,
    Load,
    kilobytes,
)
from infra.cost.measured import Measured
from infra.cost.price_table import Line, PriceTable
from infra.cost.traffic import ONE_CPU_MEGABYTES, Traffic, traffic

STREAM, FUNCTION, TABLE, BUCKET, WATCH, KEYS = (
    "Kinesis", "Lambda", "DynamoDB", "S3", "CloudWatch", "KMS",
)  # fmt: skip
PUT_UNIT_BYTES = 25 * 1024
FREE_RETENTION_HOURS, EXTENDED_RETENTION_HOURS = 24, 168
ITEM_BYTES = 400  # of a prediction, with ids as long as UUIDs; a test compares
ITEM_OVERHEAD_BYTES = 100  # that DynamoDB adds to each item it stores
LINE_BYTES, VALUE_BYTES, VALUES = 1000, 6.5, 100  # the line of metrics, and its latencies; a test compares
PLATFORM_LOG_BYTES = 350  # Lambda's own START, END and REPORT
LOG_COMPRESSION = 0.15
KMS_CALLERS = 4  # assumed: two publishers, the scorer, a reader
KMS_CALLS_PER_HOUR = 12  # a data key lasts five minutes
REJECTED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Bill:
    """Lines that add up to `total`, for `events` a month."""

    name: str
    lines: tuple[Line, ...]
    events: float

    @property
    def total(self) -> float:
        """Dollars a month."""
        return math.fsum(line.dollars for line in self.lines)

    @property
    def per_million(self) -> float:
        """Dollars per million events."""
        return self.total / self.events * 1e6

    @property
    def besides_table(self) -> float:
        """Dollars a month without DynamoDB, which every way to serve needs as much."""
        return math.fsum(line.dollars for line in self.lines if line.service != TABLE)

    def by_service(self) -> dict[str, float]:
        """Dollars of each service, the dearest first."""
        sums: dict[str, float] = {}
        for line in self.lines:
            sums[line.service] = sums.get(line.service, 0.0) + line.dollars
        return dict(sorted(sums.items(), key=lambda each: -each[1]))


def our_bill(load: Load, deployment: Deployment, measured: Measured, prices: PriceTable) -> Bill:
    """The deployment's bill."""
    flow = traffic(load, deployment, measured)
    lines = [
        *stream_lines(load, deployment, flow, prices),
        *function_lines(deployment, measured, flow, prices),
        *table_lines(load, flow.writes, deployment.prediction_days, prices),
        *bucket_lines(load, flow, prices),
        *watch_lines(deployment, flow, prices),
        *key_lines(deployment, prices),
    ]
    return Bill("this system", tuple(line for line in lines if line.quantity > 0), load.events)


def cheapest_capacity(
    load: Load, deployment: Deployment, measured: Measured, prices: PriceTable
) -> Deployment:
    """The deployment with whichever of Kinesis's two ways to pay costs less."""
    ways = [replace(deployment, capacity=capacity) for capacity in (PROVISIONED, ON_DEMAND)]
    return min(ways, key=lambda each: our_bill(load, each, measured, prices).total)


def stream_lines(load: Load, deployment: Deployment, flow: Traffic, prices: PriceTable) -> Iterator[Line]:
    """Kinesis, by shards or on demand."""
    extended = min(deployment.retention_hours, EXTENDED_RETENTION_HOURS) - FREE_RETENTION_HOURS
    beyond = max(0.0, deployment.retention_hours - EXTENDED_RETENTION_HOURS)
    shard_hours = flow.shards * HOURS_PER_MONTH
    read = load.events * load.event_bytes / GB
    if deployment.capacity == ON_DEMAND:
        written = load.events * kilobytes(load.event_bytes) * 1024 / GB
        out = "fan_out_gb" if deployment.enhanced_fan_out else "gb_out"
        kept = written / HOURS_PER_MONTH * extended
        yield prices.line(STREAM, "stream", "kinesis.on_demand_stream_hour", HOURS_PER_MONTH)
        yield prices.line(STREAM, "data in", "kinesis.on_demand_gb_in", written)
        yield prices.line(STREAM, "data out", f"kinesis.on_demand_{out}", read)
        yield prices.line(STREAM, "retention", "kinesis.on_demand_extended_gb_month", kept)
    else:
        units = load.events * math.ceil(load.event_bytes / PUT_UNIT_BYTES)
        yield prices.line(STREAM, f"shards ({flow.shards:,})", "kinesis.shard_hour", shard_hours)
        yield prices.line(STREAM, "records put", "kinesis.put_unit", units)
        if extended > 0:
            yield prices.line(STREAM, "retention", "kinesis.extended_shard_hour", shard_hours)
        if deployment.enhanced_fan_out:
            yield prices.line(STREAM, "enhanced fan-out", "kinesis.fan_out_shard_hour", shard_hours)
            yield prices.line(STREAM, "fan-out data", "kinesis.fan_out_gb", read)
    long_kept = read / HOURS_PER_MONTH * beyond
    yield prices.line(STREAM, "longer retention", "kinesis.long_term_gb_month", long_kept)


def function_lines(
    deployment: Deployment, measured: Measured, flow: Traffic, prices: PriceTable
) -> Iterator[Line]:
    """Lambda: requests, and memory by time; a cold start is billed too."""
    slower = max(1.0, ONE_CPU_MEGABYTES / deployment.memory_megabytes)
    starts = flow.cold_starts * measured.cold_start_millis * slower
    seconds = (flow.invocations * flow.billed_millis + starts) / 1000
    gb_seconds = seconds * deployment.memory_megabytes / 1024
    yield prices.line(FUNCTION, "requests", "lambda.request", flow.invocations)
    yield prices.line(FUNCTION, "duration", f"lambda.gb_second.{deployment.architecture}", gb_seconds)


def table_lines(load: Load, writes: float, days: float, prices: PriceTable) -> Iterator[Line]:
    """DynamoDB for so many items written a month: the same table whoever writes them."""
    units = writes * kilobytes(ITEM_BYTES)
    stored = writes / DAYS_PER_MONTH * days * (ITEM_BYTES + ITEM_OVERHEAD_BYTES) / GB
    risky = load.high_risk_share
    reads = load.reads_per_day * DAYS_PER_MONTH * 0.5  # eventually consistent, up to 4 KB
    yield prices.line(TABLE, "writes", "dynamodb.write_unit", units)
    yield prices.line(TABLE, "writes to by_risk", "dynamodb.write_unit", units * risky)
    yield prices.line(TABLE, "reads", "dynamodb.read_unit", reads)
    yield prices.line(TABLE, "storage", "dynamodb.gb_month", stored * (1 + risky))
    yield prices.line(TABLE, "recovery (PITR)", "dynamodb.pitr_gb_month", stored)


def bucket_lines(load: Load, flow: Traffic, prices: PriceTable) -> Iterator[Line]:
    """S3: an object for each batch with a rejected event, and a look at the champion once a minute."""
    with_rejected = -math.expm1(flow.batch * math.log1p(-min(load.rejected_share, 1 - 1e-9)))
    kept = load.events * load.rejected_share * load.event_bytes * 4 / 3 / DAYS_PER_MONTH * REJECTED_DAYS
    looks = flow.environments * HOURS_PER_MONTH * 60
    yield prices.line(BUCKET, "rejected batches", "s3.put", flow.invocations * with_rejected)
    yield prices.line(BUCKET, "champion checks", "s3.get", looks)
    yield prices.line(BUCKET, "rejected kept", "s3.gb_month", kept / GB)


def watch_lines(deployment: Deployment, flow: Traffic, prices: PriceTable) -> Iterator[Line]:
    """CloudWatch: what is there whatever the load, and the logs."""
    watching = deployment.watching
    line_bytes = LINE_BYTES + VALUE_BYTES * min(VALUES, flow.items) + PLATFORM_LOG_BYTES
    logged = flow.invocations * line_bytes / GB
    kept = logged * LOG_COMPRESSION * deployment.log_retention_days / DAYS_PER_MONTH
    yield prices.line(WATCH, "custom metrics", "cloudwatch.metric_month", watching.custom_metrics)
    yield prices.line(WATCH, "alarms", "cloudwatch.alarm_metric_month", watching.alarm_metrics)
    yield prices.line(
        WATCH, "composite alarms", "cloudwatch.composite_alarm_month", watching.composite_alarms
    )
    yield prices.line(WATCH, "dashboard", "cloudwatch.dashboard_month", watching.dashboards)
    yield prices.line(WATCH, "logs taken in", "cloudwatch.lambda_log_gb", logged)
    yield prices.line(WATCH, "logs kept", "cloudwatch.log_gb_month", kept)


def key_lines(deployment: Deployment, prices: PriceTable) -> Iterator[Line]:
    """KMS: data keys of the stream and the table, and a key of one's own where there is one."""
    calls = 2 * KMS_CALLERS * KMS_CALLS_PER_HOUR * HOURS_PER_MONTH
    yield prices.line(KEYS, "requests", "kms.request", calls)
    yield prices.line(KEYS, "own key", "kms.key_month", float(deployment.own_key))


def unverified(bills: Sequence[Bill]) -> list[str]:
    """Keys of the prices in these bills that nobody found in AWS's own words."""
    return sorted({line.price.key for bill in bills for line in bill.lines if not line.price.verified})
