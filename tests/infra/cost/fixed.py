"""Round figures and prices that no one renews, for bills worked out by hand."""

from __future__ import annotations

import math

from infra.cost.load import PROVISIONED, Deployment, Load, Watching
from infra.cost.measured import Measured
from infra.cost.price_table import Price, PriceTable

# Of a million events or hours or whatever a service counts by: as AWS's prices were in 2026.
_FLAT = {
    "kinesis.shard_hour": (0.015, 1),
    "kinesis.put_unit": (0.014, 1e6),
    "kinesis.extended_shard_hour": (0.02, 1),
    "kinesis.fan_out_shard_hour": (0.015, 1),
    "kinesis.fan_out_gb": (0.013, 1),
    "kinesis.on_demand_stream_hour": (0.04, 1),
    "kinesis.on_demand_gb_in": (0.08, 1),
    "kinesis.on_demand_gb_out": (0.04, 1),
    "kinesis.on_demand_fan_out_gb": (0.05, 1),
    "kinesis.on_demand_extended_gb_month": (0.1, 1),
    "kinesis.long_term_gb_month": (0.023, 1),
    "lambda.request": (0.2, 1e6),
    "dynamodb.write_unit": (0.625, 1e6),
    "dynamodb.read_unit": (0.125, 1e6),
    "dynamodb.gb_month": (0.25, 1),
    "dynamodb.pitr_gb_month": (0.2, 1),
    "s3.put": (0.005, 1000),
    "s3.get": (0.0004, 1000),
    "s3.gb_month": (0.023, 1),
    "cloudwatch.metric_month": (0.3, 1),
    "cloudwatch.alarm_metric_month": (0.1, 1),
    "cloudwatch.composite_alarm_month": (0.5, 1),
    "cloudwatch.dashboard_month": (3.0, 1),
    "cloudwatch.lambda_log_gb": (0.5, 1),
    "cloudwatch.log_gb_month": (0.03, 1),
    "kms.request": (0.03, 10_000),
    "kms.key_month": (1.0, 1),
    "sagemaker.ml.t2.medium_hour": (0.056, 1),
    "sagemaker.ml.c5.large_hour": (0.102, 1),
    "sagemaker.gb_processed": (0.016, 1),
    "api_gateway.rest_request": (3.5, 1e6),
    "load_balancer.hour": (0.0225, 1),
    "load_balancer.unit_hour": (0.008, 1),
    "fargate.vcpu_hour": (0.04048, 1),
    "fargate.gb_hour": (0.004445, 1),
}


def price(key: str, per: float, *steps: tuple[float, float]) -> Price:
    return Price(key, "unit", per, steps, "https://example.org", "2026-01-01", True, "made up")


PRICES = PriceTable(
    "test",
    "2026-01-01",
    {key: price(key, per, (math.inf, dollars)) for key, (dollars, per) in _FLAT.items()}
    | {
        "lambda.gb_second.x86_64": price(
            "lambda.gb_second.x86_64", 1, (6e9, 0.0000166667), (15e9, 0.000015), (math.inf, 0.0000133334)
        )
    },
)
MEASURED = Measured(
    kernel_micros=5,
    write_micros=10,
    observability_micros=50,
    handler_millis=10,
    handler_events=500,
    cold_start_millis=100,
    naive_handler_millis=600,
    single_predict_micros=4000,
    source="made up",
    as_of="2026-01-01",
)
# 100 events a second, none of which collapses or is rejected.
LOAD = Load(events_per_day=8_640_000, customers=1e6, rejected_share=0, collapse_share=0)
DEPLOYMENT = Deployment(
    capacity=PROVISIONED,
    retention_hours=24,
    enhanced_fan_out=False,
    batch_size=500,
    window_seconds=1,
    parallelization=1,
    memory_megabytes=1769,
    architecture="x86_64",
    prediction_days=30,
    log_retention_days=30,
    watching=Watching(custom_metrics=20, alarm_metrics=7, composite_alarms=1, dashboards=1),
)
