"""The background process that stands in for what MiniStack lacks: `python -m infra.local.companions`.

Runs the event source and the metrics extractor of one local stage until SIGTERM, or until MiniStack is
gone. Started again, they go on where they stopped; after SIGKILL they repeat about a second's work.
"""

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import StageError
from infra.local import ministack
from infra.local.aws_edges import LambdaInvoker, S3Destination
from infra.local.event_source import EventSource
from infra.local.kinesis_reads import KinesisReads
from infra.local.mapping import read_settings
from infra.local.metrics_extractor import MetricsExtractor
from infra.local.observed_metrics import ObservedMetrics
from infra.local.progress import Progress, read_progress, write_progress
from infra.local.state import COMPANIONS_READY, LocalStage, read_state

log = logging.getLogger(__name__)

EXTRACT_EVERY_SECONDS = 1.0
LAMBDA_MAX_SECONDS = 900


def run(stage: LocalStage, state_dir: Path, stopping: threading.Event) -> None:
    """Run both companions of `stage` until `stopping` is set or MiniStack is gone.

    Goes on from the progress written under `state_dir`, and keeps it up to date.
    """
    done = read_progress(state_dir)
    source, extractor, observed = _companions(stage, done)
    cloudwatch = boto3.client("cloudwatch", **stage.client_arguments())
    with source:
        log.info(COMPANIONS_READY)
        while not stopping.wait(EXTRACT_EVERY_SECONDS) and ministack.is_running(stage.pids["ministack"]):
            try:
                extractor.extract()
                observed.publish(cloudwatch)
            except (BotoCoreError, ClientError) as error:
                log.warning("metrics wait for the next round: %s", error)
            done = _keep(state_dir, done, source, extractor)
        stopping.set()
    _keep(state_dir, done, source, extractor)


def _companions(stage: LocalStage, done: Progress) -> tuple[EventSource, MetricsExtractor, ObservedMetrics]:
    arguments = stage.client_arguments()
    # EventSource retries by the mapping's rules, so the client must not.
    patient = Config(
        read_timeout=LAMBDA_MAX_SECONDS, retries={"total_max_attempts": 1}, max_pool_connections=64
    )
    lambda_client = boto3.client("lambda", config=patient, **arguments)
    settings = read_settings(lambda_client, stage.mapping_id)
    observed = ObservedMetrics(settings)
    extractor = MetricsExtractor(
        logs=boto3.client("logs", **arguments),
        cloudwatch=boto3.client("cloudwatch", **arguments),
        log_group=f"/aws/lambda/{stage.function}",
        published_until=done.metrics_until,
    )
    source = EventSource(
        settings=settings,
        kinesis=KinesisReads(boto3.client("kinesis", **arguments), arguments),
        invoke=LambdaInvoker(lambda_client, settings.function_arn),  # with its alias
        discard=S3Destination(boto3.client("s3", **arguments), settings),
        observe=observed.observe,
        resume_after=done.checkpoints,
    )
    return source, extractor, observed


def _keep(state_dir: Path, done: Progress, source: EventSource, extractor: MetricsExtractor) -> Progress:
    """Write how far the companions are, where that is further than `done`."""
    moved = {shard: number for shard, number in source.checkpoints.items() if number is not None}
    now = Progress({**done.checkpoints, **moved}, extractor.published_until)
    if now == done:
        return done
    try:
        write_progress(state_dir, now)
    except OSError as error:
        log.warning("cannot write the progress, so starting again would repeat more: %s", error)
        return done
    return now


def main() -> int:
    """Entry point; exit 1 when there is no stage to serve."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.companions", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state directory of the local stage")
    state_dir: Path = parser.parse_args().state
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        stage = read_state(state_dir)
    except StageError as error:
        print(error, file=sys.stderr)
        return 1
    if stage is None:
        print(f"no local stage in {state_dir}: run `churn local up`", file=sys.stderr)
        return 1
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    run(stage, state_dir, stopping)
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
