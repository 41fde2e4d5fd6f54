"""Metrics that AWS itself publishes, each with the dimensions under which it does, and its source."""

from __future__ import annotations

FUNCTION = ("FunctionName",)
MAPPING = ("EventSourceMappingUUID",)
STREAM = ("StreamName",)
TABLE = ("TableName",)
INDEX = ("TableName", "GlobalSecondaryIndexName")

AWS_METRICS: dict[str, dict[str, set[tuple[str, ...]]]] = {
    # Lambda developer guide, "Types of metrics for Lambda functions" and "Event source mapping metrics".
    "AWS/Lambda": {
        "Invocations": {FUNCTION},
        "Errors": {FUNCTION},
        "Throttles": {FUNCTION},
        "Duration": {FUNCTION},
        "IteratorAge": {FUNCTION, MAPPING},
        "DestinationDeliveryFailures": {FUNCTION},
        "PolledEventCount": {MAPPING},
        "FilteredOutEventCount": {MAPPING},
        "InvokedEventCount": {MAPPING},
        "FailedInvokeEventCount": {MAPPING},
        "DroppedEventCount": {MAPPING},
        "OnFailureDestinationDeliveredEventCount": {MAPPING},
    },
    # Kinesis Data Streams developer guide, "Monitor the service with Amazon CloudWatch", basic level.
    "AWS/Kinesis": {
        "IncomingRecords": {STREAM},
        "IncomingBytes": {STREAM},
        "GetRecords.IteratorAgeMilliseconds": {STREAM},
        "WriteProvisionedThroughputExceeded": {STREAM},
        "ReadProvisionedThroughputExceeded": {STREAM},
    },
    # DynamoDB developer guide, "DynamoDB metrics and dimensions".
    "AWS/DynamoDB": {
        "ConsumedWriteCapacityUnits": {TABLE, INDEX},
        "ReadThrottleEvents": {TABLE, INDEX},
        "WriteThrottleEvents": {TABLE, INDEX},
    },
}
