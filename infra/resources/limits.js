'use strict';
// An osls plugin: refuses parameters that AWS would refuse half way through a deployment, or accept and then
// lose records by. A plugin, because osls itself knows no ranges for `--param`, and because every way to a
// template (make, CI, plain `osls package` or `osls deploy`) passes through `package`.
// Ranges: AWS Lambda developer guide, "Lambda parameters for Amazon Kinesis Data Streams event source mappings",
// and the quotas of Kinesis Data Streams. Memory, architecture and log retention are in osls's own schema.

const FOREVER = -1;
const RANGES = {
  shards: [1, 20000],
  retentionHours: [24, 8760],
  batchSize: [1, 10000],
  windowSeconds: [0, 300],
  parallelization: [1, 10],
  retryAttempts: [FOREVER, 10000],
  recordAgeSeconds: [60, 604800, FOREVER],
  startingTimestamp: [0, 4102444800], // Unix seconds: milliseconds would be far in the future
  timeoutSeconds: [20, 900], // the handler keeps a part of its time for reporting what it could not write
};
const CHOICES = {
  enhancedFanOut: ['false', 'true'],
  startingPosition: ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'],
  capacityMode: ['PROVISIONED', 'ON_DEMAND'],
};

function complaintAbout(name, value) {
  const text = String(value);
  if (name in CHOICES) {
    return CHOICES[name].includes(text) ? null : `expected ${CHOICES[name].join(' or ')}`;
  }
  const [least, most, also] = RANGES[name];
  const number = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
  if ((number >= least && number <= most) || number === also) return null;
  const unbounded = also === undefined ? '' : `, or ${also} for no limit`;
  return `expected a whole number from ${least} to ${most}${unbounded}`;
}

// What single values do not show; each line is a complaint about the first parameter it names.
function* contradictions(stage, of) {
  const fansOut = String(of.enhancedFanOut) === 'true';
  const position = String(of.startingPosition);
  const [age, retries] = [Number(of.recordAgeSeconds), Number(of.retryAttempts)];
  if (fansOut && stage === 'local') {
    yield ['enhancedFanOut', 'expected false: the embedded AWS has no stream consumers'];
  }
  if (position === 'AT_TIMESTAMP' && Number(of.startingTimestamp) === 0) {
    yield ['startingTimestamp', 'expected the Unix time in seconds at which startingPosition AT_TIMESTAMP starts'];
  }
  if (Number(of.startingTimestamp) > Date.now() / 1000) {
    yield ['startingTimestamp', 'expected a time that is not in the future'];
  }
  if (position !== 'AT_TIMESTAMP' && Number(of.startingTimestamp) !== 0) {
    yield ['startingTimestamp', `expected 0, because startingPosition ${position} ignores it`];
  }
  if (retries === FOREVER && (age === FOREVER || age > Number(of.retentionHours) * 3600)) {
    const instead = 'expected a limit, or a recordAgeSeconds below the retention';
    yield ['retryAttempts', `${instead}: what fails would expire unread`];
  }
}

// As ${param:…} resolves: the command line, then the stage, then the defaults.
function resolvedParameters(stage, params, options) {
  const given = (options || []).map((option) => option.split(/=(.*)/s).slice(0, 2).map((part) => part.trim()));
  return { ...params.default, ...params[stage], ...Object.fromEntries(given) };
}

function firstComplaint(stage, of) {
  for (const name of [...Object.keys(RANGES), ...Object.keys(CHOICES)]) {
    const complaint = complaintAbout(name, of[name]);
    if (complaint) return [name, complaint];
  }
  return contradictions(stage, of).next().value;
}

module.exports = class Limits {
  constructor(serverless) {
    this.hooks = {
      'before:package:cleanup': () => {
        const stage = serverless.service.provider.stage;
        const given = serverless.processedInput.options.param;
        const of = resolvedParameters(stage, serverless.configurationInput.params, given);
        const found = firstComplaint(stage, of);
        if (!found) return;
        const [name, complaint] = found;
        throw new serverless.classes.Error(
          `parameter ${name} of stage ${stage} is ${of[name]}: ${complaint}; ` +
            `change it in infra/resources/parameters.yml or with --param "${name}=…"`,
          'PARAMETER_OUT_OF_RANGE'
        );
      },
    };
  }
};
