'use strict';
// What a single parameter may be. parameters.yml repeats it beside each value, and docs/parameters.md in a
// table; `python -m infra.parameters` writes both from here. Sources: AWS Lambda developer guide, "Lambda
// parameters for Amazon Kinesis Data Streams event source mappings" and "Lambda quotas"; quotas of Kinesis
// Data Streams; CloudWatch Logs API, PutRetentionPolicy.

const NONE = -1;
// The least and the most, and one value outside that is taken too. Whole numbers.
const RANGES = {
  memoryMegabytes: [512, 10240], // below 512 the largest batches do not fit (tests/scorer/test_memory.py)
  timeoutSeconds: [20, 900], // the handler keeps a part of its time for reporting what it could not write
  reservedConcurrency: [1, 100000, NONE],
  predictionDays: [1, 3650], // scorer.settings.MAX_RETENTION_DAYS
  shards: [1, 20000],
  retentionHours: [24, 8760],
  startingTimestamp: [0, 4102444800], // Unix seconds: milliseconds would be far in the future
  batchSize: [1, 10000],
  windowSeconds: [0, 300],
  parallelization: [1, 10],
  retryAttempts: [0, 10000, NONE],
  recordAgeSeconds: [60, 604800, NONE],
  rejectedDays: [1, 3650],
  noncurrentDays: [1, 3650],
  iteratorAgeAlarmMilliseconds: [1000, 604800000],
  errorsAlarmCount: [1, 1000000],
  throttlesAlarmCount: [1, 1000000],
  onFailureAlarmCount: [1, 1000000],
  rejectedAlarmPercent: [1, 100],
  rejectedAlarmMinimumEvents: [1, 1000000000],
  rejectedAlarmCount: [1, 1000000000],
  modelLoadFailuresAlarmCount: [1, 1000],
  noEventsAlarmMinutes: [1, 1440], // CloudWatch looks at one day at most
  endToEndAlarmMilliseconds: [100, 86400000],
  writeThrottlesAlarmCount: [1, 1000000000],
  costAlarmWritesPerHour: [1, 1000000000000],
};
const CHOICES = {
  python: ['3.11', '3.12', '3.13', '3.14'],
  architecture: ['x86_64', 'arm64'],
  logLevel: ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'],
  logRetentionDays: [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
  ].map(String),
  capacityMode: ['PROVISIONED', 'ON_DEMAND'],
  sourceEnabled: ['true', 'false'],
  enhancedFanOut: ['true', 'false'],
  startingPosition: ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'],
  // https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html, "on an AWS Lambda
  // compute platform", without the prefix CodeDeployDefault.Lambda
  deploymentPreference: [
    'AllAtOnce',
    ...[5, 10, 15, 30].map((minutes) => `Canary10Percent${minutes}Minutes`),
    'Linear10PercentEvery1Minute',
    ...[2, 3, 10].map((minutes) => `Linear10PercentEvery${minutes}Minutes`),
  ],
  rollbackOnAlarm: ['true', 'false'],
  deletionPolicy: ['RetainExceptOnCreate', 'Delete'], // serverless.yml's replacePolicy has each
  deletionProtection: ['true', 'false'],
  expectEvents: ['true', 'false'],
};
const FORMS = {
  schema: [/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/, '2 to 20 lower-case letters, digits or dashes, a letter first'],
  artifact: [/\.zip$/, 'the path of a zip'],
  kmsKey: [
    /^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
    'empty, or the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID', // an alias will not do for log groups
  ],
  runbookUrl: [/^[^\s"#]+\.\w+$|^https:\/\/[^\s"#]+$/, 'a path, or an https:// address'],
  alarmEmail: [/^$|^[^\s@"<>]+@[^\s@"<>]+\.[^\s@"<>.]{2,}$/, 'empty, or an e-mail address'],
};
const KNOWN = [RANGES, CHOICES, FORMS].flatMap(Object.keys);
const CHOICES_SHOWN = 5;

// What is wrong with a value, as text; null where nothing is.
function complaintAbout(name, value) {
  const text = String(value);
  if (name in CHOICES) {
    return CHOICES[name].includes(text) ? null : `expected ${CHOICES[name].join(' or ')}`;
  }
  if (name in FORMS) {
    const [form, expected] = FORMS[name];
    return typeof value !== 'object' && form.test(text) ? null : `expected ${expected}`;
  }
  const [least, most, also] = RANGES[name];
  const number = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
  if ((number >= least && number <= most) || number === also) return null;
  const unbounded = also === undefined ? '' : `, or ${also} for no limit`;
  return `expected a whole number from ${least} to ${most}${unbounded}`;
}

// A range in a few characters, for people.
function shown(name) {
  if (name in FORMS) return FORMS[name][1];
  if (name in RANGES) {
    const [least, most, also] = RANGES[name];
    return `${least}..${most}${also === undefined ? '' : `, or ${also} for no limit`}`;
  }
  const all = CHOICES[name];
  if (all.length <= CHOICES_SHOWN) return all.join(' | ');
  return [...all.slice(0, CHOICES_SHOWN - 2), '…', ...all.slice(-1)].join(' | ');
}

module.exports = { KNOWN, complaintAbout, shown };
