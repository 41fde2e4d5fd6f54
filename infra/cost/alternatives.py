"""The same load the two ways it is usually served: one call of an endpoint for each event.

Wherever something had to be assumed, it was assumed in their favour: they scale with the average load
without a moment's delay, need no head-room for the peak, and nothing is billed for their metrics, logs,
images, network, or for the caller that writes SageMaker's scores to the table. What they do not have is a
queue in front: what arrives while they are down, the caller must send again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from infra.cost.bill import Bill, table_lines
from infra.cost.load import GB, HOURS_PER_MONTH, SECONDS_PER_MONTH, Load
from infra.cost.measured import Measured
from infra.cost.price_table import Line, PriceTable

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


def alternatives(load: Load, days: float, measured: Measured, prices: PriceTable) -> list[Bill]:
    """The bills of a SageMaker endpoint, of one behind API Gateway, and of an always-on container.

    `days` is how long predictions are kept, in the same table as ours.
    """
    table = tuple(table_lines(load, load.events * (1 - load.rejected_share), days, prices))
    endpoint = (*_endpoint(load, measured, prices), *table)
    gateway = prices.line("API Gateway", "requests", "api_gateway.rest_request", load.events)
    container = (*_container(load, measured, prices), *table)
    return [
        _bill("SageMaker endpoint", endpoint, load),
        _bill("SageMaker endpoint, API Gateway", (gateway, *endpoint), load),
        _bill("container (Fargate, ALB)", container, load),
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


def _container(load: Load, measured: Measured, prices: PriceTable) -> list[Line]:
    """onnxruntime and boto3's put_item for each event, as measured, behind a load balancer."""
    size, count = servers(load, measured.naive_event_micros + CONTAINER_HTTP_MICROS, TASKS)
    hours = count * HOURS_PER_MONTH
    bytes_per_hour = load.events / SECONDS_PER_MONTH * 3600 * (load.event_bytes + ANSWER_BYTES)
    units = bytes_per_hour / LCU_BYTES_PER_HOUR * HOURS_PER_MONTH
    what = f"{count:,} × {size.name}"
    return [
        prices.line("Fargate", f"{what}, CPU", "fargate.vcpu_hour", hours * size.vcpu),
        prices.line("Fargate", f"{what}, memory", "fargate.gb_hour", hours * size.gigabytes),
        prices.line("Load balancer", "hours", "load_balancer.hour", HOURS_PER_MONTH),
        prices.line("Load balancer", "capacity units", "load_balancer.unit_hour", units),
    ]


def _bill(name: str, lines: tuple[Line, ...], load: Load) -> Bill:
    return Bill(name, tuple(line for line in lines if line.quantity > 0), load.events)
