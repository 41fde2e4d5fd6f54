'use strict';
// The panels, question by question. What each says is in docs/dashboard.md; a test joins every metric named here
// with what emits it.

const { COLOURS, math, hidden, graph, values, stacked, left, both, logs } = require('./widgets.js');

function isItHealthy({ ours, lambda }) {
  return [
    { type: 'alarm', width: 8, properties: { title: 'Alarms', sortBy: 'stateUpdatedTimestamp', alarms: ['${Alarms}'] } },
    values(16, 'In the time shown', [
      ours('EventsWritten', { label: 'Scores written', color: COLOURS.good }),
      math('100 * rejected / received', { id: 'rejectedShare', label: 'Rejected (%)', color: COLOURS.notice }),
      ours('EndToEndMillis', { label: 'End to end, p95 (ms)', stat: 'p95', color: COLOURS.main }),
      lambda('IteratorAge', { label: 'Behind the stream, at most (ms)', stat: 'Maximum', color: COLOURS.second }),
      lambda('Errors', { label: 'Failed invocations', color: COLOURS.bad }),
      ours('EventsReceived', hidden('received')),
      ours('EventsRejected', hidden('rejected')),
    ]),
  ];
}

function isItKeepingUp({ ours, lambda, kinesis }, alarmAt) {
  return [
    graph(
      8,
      'From event to readable score',
      [
        ours('EndToEndMillis', { label: 'p50', stat: 'p50', color: COLOURS.good }),
        ours('EndToEndMillis', { label: 'p95', stat: 'p95', color: COLOURS.main }),
        ours('EndToEndMillis', { label: 'p99', stat: 'p99', color: COLOURS.second }),
      ],
      left('ms')
    ),
    graph(
      8,
      'How far behind the stream',
      [
        lambda('IteratorAge', { label: 'scorer', stat: 'Maximum', color: COLOURS.main }),
        kinesis('GetRecords.IteratorAgeMilliseconds', { label: 'stream', stat: 'Maximum', color: COLOURS.third }),
      ],
      {
        ...left('ms'),
        annotations: { horizontal: [{ label: 'alarm', value: alarmAt, color: COLOURS.bad }] },
      }
    ),
    graph(
      8,
      'Inside the function, per batch',
      [
        ours('ScoreMillis', { label: 'scoring, p50', stat: 'p50', color: COLOURS.third }),
        ours('ScoreMillis', { label: 'scoring, p95', stat: 'p95', color: COLOURS.main }),
        ours('WriteMillis', { label: 'writing, p50', stat: 'p50', color: COLOURS.notice }),
        ours('WriteMillis', { label: 'writing, p95', stat: 'p95', color: COLOURS.second }),
      ],
      left('ms')
    ),
  ];
}

function howMuch({ ours, kinesis }) {
  return [
    stacked(10, 'Every event received ends as one of these', [
      ours('EventsWritten', { label: 'written', color: COLOURS.good }),
      ours('EventsCollapsed', { label: 'collapsed into a newer one', color: COLOURS.third }),
      ours('EventsRejected', { label: 'rejected', color: COLOURS.bad }),
      ours('EventsRetried', { label: 'retried', color: COLOURS.notice }),
    ]),
    graph(
      7,
      'Events per second',
      [
        math('received / PERIOD(received)', { id: 'receivedRate', label: 'received', color: COLOURS.main }),
        math('put / PERIOD(put)', { id: 'putRate', label: 'put on the stream', color: COLOURS.quiet }),
        ours('EventsReceived', hidden('received')),
        kinesis('IncomingRecords', hidden('put')),
      ],
      left('events/s')
    ),
    graph(
      7,
      'Share of what was received',
      [
        math('100 * rejected / received', { id: 'rejectedShare', label: 'rejected', color: COLOURS.bad }),
        math('100 * retried / received', { id: 'retriedShare', label: 'retried', color: COLOURS.notice }),
        math('100 * collapsed / received', { id: 'collapsedShare', label: 'collapsed', color: COLOURS.third }),
        ours('EventsReceived', hidden('received')),
        ours('EventsRejected', hidden('rejected')),
        ours('EventsRetried', hidden('retried')),
        ours('EventsCollapsed', hidden('collapsed')),
      ],
      left('%')
    ),
  ];
}

function whatIsItSaying({ ours }, stack) {
  const model = [
    graph(
      7,
      'Serving model',
      [
        math('age / 86400', { id: 'days', label: 'age (days)', color: COLOURS.main }),
        ours('ModelLoads', { label: 'loads', color: COLOURS.third, stat: 'Sum' }),
        ours('ModelAgeSeconds', hidden('age', { stat: 'Maximum' })),
      ],
      { view: 'singleValue', setPeriodToTimeRange: true }
    ),
    logs(
      7,
      'Versions loaded, newest first',
      stack,
      'fields @timestamp, version | filter @message like /"model loaded"/ | sort @timestamp desc | limit 20'
    ),
  ];
  return [
    stacked(8, 'Scores by risk band', [
      math('written - high - medium', { id: 'low', label: 'low', color: COLOURS.good }),
      ours('MediumRisk', { id: 'medium', label: 'medium', color: COLOURS.notice }),
      ours('HighRisk', { id: 'high', label: 'high', color: COLOURS.bad }),
      ours('EventsWritten', hidden('written')),
    ]),
    graph(
      5,
      'Mean score, share of high risk',
      [
        math('total / written', { id: 'mean', label: 'mean score', color: COLOURS.main }),
        math('high / written', { id: 'highShare', label: 'share of high risk', color: COLOURS.bad }),
        ours('ProbabilitySum', hidden('total')),
        ours('HighRisk', hidden('high')),
        ours('EventsWritten', hidden('written')),
      ],
      left('probability', { max: 1 })
    ),
    graph(
      4,
      'Unseen categories',
      [ours('UnseenCategories', { label: 'values the model never saw', color: COLOURS.notice })],
      left('values')
    ),
    model,
  ];
}

function whatDoesItCost({ ours, lambda, table, index }, memoryMegabytes) {
  const gigabytes = `${memoryMegabytes} / 1024`;
  return [
    graph(
      8,
      'DynamoDB write units',
      [
        table('ConsumedWriteCapacityUnits', { label: 'table', id: 'units', color: COLOURS.main }),
        index('ConsumedWriteCapacityUnits', { label: 'index of high risks', color: COLOURS.bad }),
        math('units / written', { id: 'each', label: 'table, per score', yAxis: 'right', color: COLOURS.quiet }),
        ours('EventsWritten', hidden('written')),
      ],
      both('units', 'units per score')
    ),
    graph(
      8,
      'Invocations',
      [
        lambda('Invocations', { label: 'invocations', id: 'invocations', color: COLOURS.main }),
        math('received / invocations', {
          id: 'batch', label: 'events per invocation', yAxis: 'right', color: COLOURS.quiet,
        }),
        ours('EventsReceived', hidden('received')),
      ],
      both('invocations', 'events')
    ),
    graph(
      8,
      'Duration',
      [
        lambda('Duration', { label: 'p50', stat: 'p50', color: COLOURS.good }),
        lambda('Duration', { label: 'p99', stat: 'p99', color: COLOURS.second }),
        math(`busy / 1000 * ${gigabytes}`, {
          id: 'gigabyteSeconds', label: 'GB-seconds', yAxis: 'right', color: COLOURS.quiet,
        }),
        lambda('Duration', hidden('busy', { stat: 'Sum' })),
      ],
      both('ms', 'GB-seconds')
    ),
  ];
}

function whatBroke({ ours, lambda, mapping, table, index, kinesis }, stack) {
  const reasons = {
    RejectedBadJson: ['not JSON', '#d1493f'],
    RejectedBadEncoding: ['not UTF-8', '#8c3a64'],
    RejectedTooLarge: ['too large', '#b0609b'],
    RejectedNotAnEvent: ['not an event', '#5f6bc9'],
    RejectedMissing: ['field missing', '#2b7fc4'],
    RejectedWrongType: ['wrong type', '#57b0de'],
    RejectedOutOfRange: ['out of range', '#1b9e77'],
    RejectedBadTime: ['bad time', '#9bb13c'],
    RejectedFutureTime: ['in the future', '#e09f1f'],
    RejectedExpired: ['expired', '#8d887f'],
  };
  return [
    graph(
      6,
      'Invocations that failed',
      [
        lambda('Errors', { label: 'errors', color: COLOURS.bad }),
        lambda('Throttles', { label: 'throttles', color: COLOURS.notice }),
      ],
      left('invocations')
    ),
    graph(
      6,
      'Records Lambda could not deliver',
      [
        mapping('OnFailureDestinationDeliveredEventCount', { label: 'kept in S3', color: COLOURS.notice }),
        mapping('DroppedEventCount', { label: 'dropped', color: COLOURS.bad }),
        mapping('FailedInvokeEventCount', { label: 'failed attempts', color: COLOURS.second }),
        lambda('DestinationDeliveryFailures', { label: 'not even kept', color: COLOURS.quiet }),
      ],
      left('records')
    ),
    stacked(
      12,
      'Rejected, by reason',
      Object.entries(reasons).map(([name, [label, color]]) => ours(name, { label, color }))
    ),
    graph(
      5,
      'Models that did not load',
      [ours('ModelLoadFailures', { label: 'load failures', color: COLOURS.bad })],
      left('failures')
    ),
    graph(
      5,
      'DynamoDB throttles',
      [
        table('WriteThrottleEvents', { label: 'writes, table', color: COLOURS.bad }),
        index('WriteThrottleEvents', { label: 'writes, index', color: COLOURS.notice }),
        table('ReadThrottleEvents', { label: 'reads, table', color: COLOURS.third }),
        index('ReadThrottleEvents', { label: 'reads, index', color: COLOURS.quiet }),
      ],
      left('requests')
    ),
    graph(
      5,
      'Stream over its limits',
      [
        kinesis('WriteProvisionedThroughputExceeded', { label: 'puts refused', color: COLOURS.bad }),
        kinesis('ReadProvisionedThroughputExceeded', { label: 'reads refused', color: COLOURS.notice }),
      ],
      left('records')
    ),
    logs(
      9,
      'What the scorer says of it, newest first',
      stack,
      'fields @timestamp, message, retried, trouble, reason | filter @message like /"level":"[WE]/' +
        ' | sort @timestamp desc | limit 50'
    ),
  ];
}

module.exports = { isItHealthy, isItKeepingUp, howMuch, whatIsItSaying, whatDoesItCost, whatBroke };
