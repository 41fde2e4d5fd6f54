'use strict';
// What single values do not show: pairs of parameters that contradict each other, or the stage or region.

const NONE = -1;
const BUCKET_NAME_MAX = 63; // S3: churn-<schema>-<stage>-<account>-<region>
const ON_DEMAND_SHARDS = 4; // of a new stream (Kinesis developer guide, "On-demand mode")

// Yields [parameter, complaint]. `of` holds all values, `explicit` those that the stage or the command line
// chose.
module.exports = function* contradictions({ stage, region, of, explicit }) {
  yield* ofStageAndRegion(stage, region, of);
  yield* ofStart(of);
  yield* ofRetries(of);
  yield* ofCapacity(of, explicit);
  if (of.deletionPolicy === 'Delete' && isTrue(of.deletionProtection)) {
    yield ['deletionProtection', 'expected false with deletionPolicy Delete: a removal would stop half way'];
  }
  yield* ofAlarms(of);
  if (Number(of.predictionDays) * 24 < Number(of.retentionHours)) {
    yield ['predictionDays', 'expected at least as long as retentionHours: what waits in the stream would be ' +
      'rejected as expired'];
  }
};

function isTrue(value) {
  return String(value) === 'true';
}

function* ofStageAndRegion(stage, region, of) {
  if (stage === 'local' && isTrue(of.enhancedFanOut)) {
    yield ['enhancedFanOut', 'expected false: the embedded AWS has no stream consumers'];
  }
  if (stage === 'local' && isTrue(of.sourceEnabled)) {
    yield ['sourceEnabled', 'expected false: the embedded AWS ignores failure settings, so infra/local/ ' +
      'reads the stream'];
  }
  if (stage === 'local' && of.deploymentPreference !== 'AllAtOnce') {
    yield ['deploymentPreference', 'expected AllAtOnce: the embedded AWS has no CodeDeploy'];
  }
  const keyRegion = String(of.kmsKey).split(':')[3];
  if (of.kmsKey && keyRegion !== region) {
    yield ['kmsKey', `expected a key of the stack's region, ${region}`];
  }
  const name = `churn-${of.schema}-${stage}-123456789012-${region}`;
  if (name.length > BUCKET_NAME_MAX) {
    const room = BUCKET_NAME_MAX - name.length + of.schema.length;
    const instead = `expected ${room} characters at most, or a shorter stage`;
    yield ['schema', `${instead}: S3 takes no bucket name over ${BUCKET_NAME_MAX}`];
  }
}

function* ofStart(of) {
  const [position, timestamp] = [of.startingPosition, Number(of.startingTimestamp)];
  if (position === 'AT_TIMESTAMP' && timestamp === 0) {
    yield ['startingTimestamp', 'expected the Unix time in seconds at which AT_TIMESTAMP starts'];
  }
  if (timestamp > Date.now() / 1000) {
    yield ['startingTimestamp', 'expected a time that is not in the future'];
  }
  if (position !== 'AT_TIMESTAMP' && timestamp !== 0) {
    yield ['startingTimestamp', `expected 0, because startingPosition ${position} ignores it`];
  }
}

function* ofRetries(of) {
  const [age, retries] = [Number(of.recordAgeSeconds), Number(of.retryAttempts)];
  const retentionSeconds = Number(of.retentionHours) * 3600;
  if (retries === NONE && (age === NONE || age > retentionSeconds)) {
    const instead = 'expected a limit, or a recordAgeSeconds below the retention';
    yield ['retryAttempts', `${instead}: what fails would expire unread`];
  }
  if (age > retentionSeconds) {
    yield ['recordAgeSeconds', `expected at most the retention, ${retentionSeconds}: older records are gone`];
  }
}

function* ofAlarms(of) {
  const age = Number(of.recordAgeSeconds);
  const untilGivenUp = age === NONE ? Infinity : age * 1000;
  const latest = Math.min((Number(of.retentionHours) * 3600000) / 4, untilGivenUp / 2);
  if (Number(of.iteratorAgeAlarmMilliseconds) > latest) {
    yield ['iteratorAgeAlarmMilliseconds', `expected at most ${latest}, a quarter of retentionHours and half ` +
      'of recordAgeSeconds: somebody must have the time to act before records expire or are given up'];
  }
}

function* ofCapacity(of, explicit) {
  const onDemand = of.capacityMode === 'ON_DEMAND';
  if (onDemand && 'shards' in explicit) {
    yield ['shards', 'expected none with capacityMode ON_DEMAND, where AWS chooses their number'];
  }
  const lanes = (onDemand ? ON_DEMAND_SHARDS : Number(of.shards)) * Number(of.parallelization);
  const reserved = Number(of.reservedConcurrency);
  if (reserved !== NONE && reserved < lanes) {
    yield ['reservedConcurrency', `expected ${lanes} at least, shards × parallelization: Lambda would throttle`];
  }
}
