'use strict';
// An osls plugin: lets the template name the version of this release. osls publishes one whenever code or
// settings change, and names it `ScorerLambdaVersion<hash>`, because CloudFormation makes no new version under
// a name that it knows. The template says `ScorerLambdaVersion`, and this puts the whole name in.
// serverless-plugin-canary-deployments does more and was not taken: docs/decisions/0018.

const PLAIN_NAME = 'ScorerLambdaVersion';
const FUNCTION = 'scorer';
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html, "on an AWS Lambda
// compute platform", without the prefix CodeDeployDefault.Lambda
const PREFERENCES = [
  'AllAtOnce',
  ...[5, 10, 15, 30].map((minutes) => `Canary10Percent${minutes}Minutes`),
  'Linear10PercentEvery1Minute',
  ...[2, 3, 10].map((minutes) => `Linear10PercentEvery${minutes}Minutes`),
];

function isReference(value) {
  return value && typeof value === 'object' && Object.keys(value).length === 1;
}

// The same template with `to` for every reference to `from`.
function rename(value, from, to) {
  if (Array.isArray(value)) return value.map((inner) => rename(inner, from, to));
  if (!value || typeof value !== 'object') return value;
  if (isReference(value) && value.Ref === from) return { Ref: to };
  const attribute = isReference(value) && value['Fn::GetAtt'];
  if (Array.isArray(attribute) && attribute[0] === from) return { 'Fn::GetAtt': [to, ...attribute.slice(1)] };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rename(inner, from, to)]));
}

function complaintAbout(stage, preference, rollsBack) {
  if (!PREFERENCES.includes(preference)) {
    return ['deploymentPreference', preference, `expected one of ${PREFERENCES.join(', ')}`];
  }
  if (stage === 'local' && preference !== 'AllAtOnce') {
    return ['deploymentPreference', preference, 'expected AllAtOnce: the embedded AWS has no CodeDeploy'];
  }
  if (!['true', 'false'].includes(rollsBack)) {
    return ['rollbackOnAlarm', rollsBack, 'expected true or false'];
  }
  return null;
}

module.exports = class Release {
  constructor(serverless) {
    const { service, classes } = serverless;
    this.hooks = {
      'before:package:cleanup': () => {
        const { deploymentPreference, rollbackOnAlarm } = service.custom.release;
        const stage = service.provider.stage;
        const found = complaintAbout(stage, String(deploymentPreference), String(rollbackOnAlarm));
        if (!found) return;
        const [name, value, complaint] = found;
        throw new classes.Error(
          `parameter ${name} of stage ${stage} is ${value}: ${complaint}; ` +
            `change it in infra/resources/parameters.yml or with --param "${name}=…"`,
          'PARAMETER_OUT_OF_RANGE'
        );
      },
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const version = service.functions[FUNCTION].versionLogicalId;
        const template = service.provider.compiledCloudFormationTemplate;
        service.provider.compiledCloudFormationTemplate = rename(template, PLAIN_NAME, version);
      },
    };
  }
};
