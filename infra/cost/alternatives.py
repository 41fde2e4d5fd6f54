"""The same load as it is usually served: servers that are always there, and score one event at a time.

Wherever something had to be assumed, it was assumed in their favour: they scale with the average load
without a moment's delay, need no head-room for the peak, and nothing is billed for their metrics, logs,
images, network, or for the caller that writes SageMaker's scores to the table. Those that are called have no
stream in front: what arrives while they are down or busy, the caller must send again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from infra.cost.bill import Bill, stream_lines, table_lines
from infra.cost.load import GB, HOURS_PER_MONTH, SECONDS_PER_MONTH, Deployment, Load
from infra.cost.measured import Measured
from infra.cost.price_table import Line, PriceTable
from infra.cost.traffic import traffic

UTILIZATION = 0.6  # assumed: of a CPU that answers calls, above which they queue
AT_LEAST = 2  # one in each of two availability zones
ANSWER_BYTES = 300  # assumed: of a score with its reasons
ENDPOINT_HTTP_MICROS = 1000  # assumed: CPU of nginx, gunicorn and Flask in SageMaker's container
CONTAINER_HTTP_MICROS = 250  # assumed: CPU of uvicorn and FastAPI
LCU_BYTES_PER_HOUR = GB  # a load balancer's capacity unit, where connections are kept alive


@dataclass(frozen=True, slots=True)
class Size:
    """A size of server: how many vCPU it gives around the clock, and its memory in GB."""

    name: str
    vcpu: float
    gigabytes: float


# A burstable instance gives a fifth of its two vCPU without end.
INSTANCES = (Size("ml.t2.medium", 0.4, 4), Size("ml.c5.large", 2, 4))
TASKS = (Size("0.25 vCPU", 0.25, 0.5), Size("0.5 vCPU", 0.5, 1), Size("1 vCPU", 1, 2))


def alternatives(load: Load, deployment: Deployment, measured: Measured, prices: PriceTable) -> list[Bill]:
    """The bills of a SageMaker endpoint, of one behind API Gateway, of an always-on container that is called,
    and of one that reads the same stream; all write to the same table, an item for each event.
    """
    writes = load.events * (1 - load.rejected_share)
    table = list(table_lines(load, writes, deployment.prediction_days, prices))
    endpoint = [*_endpoint(load, measured, prices), *table]
    gateway = prices.line("API Gateway", "requests", "api_gateway.rest_request", load.events)
    called = _tasks(load, measured.naive_event_micros + CONTAINER_HTTP_MICROS, prices)
    reading = _tasks(load, measured.naive_event_micros, prices)
    stream = list(stream_lines(load, deployment, traffic(load, deployment, measured), prices))
    return [
        _bill("SageMaker endpoint", endpoint, load),
        _bill("SageMaker, API Gateway", [gateway, *endpoint], load),
        _bill("container, called", [*called, *_balancer(load, prices), *table], load),
        _bill("container on the stream", [*stream, *reading, *table], load),
    ]


def servers(load: Load, event_micros: float, sizes: tuple[Size, ...]) -> tuple[Size, int]:
    """The least size of which two are enough, else as many of the largest as it takes."""
    busy = load.rate * event_micros / 1e6 / UTILIZATION
    for size in sizes:
        if busy <= AT_LEAST * size.vcpu:
            return size, AT_LEAST
    return sizes[-1], math.ceil(busy / sizes[-1].vcpu)


def _endpoint(load: Load, measured: Measured, prices: PriceTable) -> list[Line]:
    """SageMaker's scikit-learn container: pandas and scikit-learn for each event, as measured."""
    service = "SageMaker"
    size, count = servers(load, measured.single_predict_micros + ENDPOINT_HTTP_MICROS, INSTANCES)
    through = load.events * (load.event_bytes + ANSWER_BYTES) / GB
    what = f"{count:,} × {size.name}"
    return [
        prices.line(service, what, f"sagemaker.{size.name}_hour", count * HOURS_PER_MONTH),
        prices.line(service, "data through", "sagemaker.gb_processed", through),
    ]


def _tasks(load: Load, event_micros: float, prices: PriceTable) -> list[Line]:
    """Containers with onnxruntime and boto3's put_item for each event, as measured."""
    size, count = servers(load, event_micros, TASKS)
    hours = count * HOURS_PER_MONTH
    what = f"{count:,} × {size.name}"
    return [
        prices.line("Fargate", f"{what}, CPU", "fargate.vcpu_hour", hours * size.vcpu),
        prices.line("Fargate", f"{what}, memory", "fargate.gb_hour", hours * size.gigabytes),
    ]


def _balancer(load: Load, prices: PriceTable) -> list[Line]:
    """A load balancer whose callers keep their connections open."""
    bytes_per_hour = load.events / SECONDS_PER_MONTH * 3600 * (load.event_bytes + ANSWER_BYTES)
    units = bytes_per_hour / LCU_BYTES_PER_HOUR * HOURS_PER_MONTH
    return [
        prices.line("Load balancer", "hours", "load_balancer.hour", HOURS_PER_MONTH),
        prices.line("Load balancer", "capacity units", "load_balancer.unit_hour", units),
    ]


def _bill(name: str, lines: list[Line], load: Load) -> Bill:
    return Bill(name, tuple(line for line in lines if line.quantity > 0), load.events)
