'use strict';
// An osls plugin: lets the template name the version of this release. osls publishes one whenever code or
// settings change, and names it `ScorerLambdaVersion<hash>`, because CloudFormation makes no new version under
// a name that it knows. The template says `ScorerLambdaVersion`, and this puts the whole name in.
// serverless-plugin-canary-deployments does more and was not taken: docs/decisions/0016.

const PLAIN_NAME = 'ScorerLambdaVersion';
const FUNCTION = 'scorer';

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

module.exports = class Release {
  constructor(serverless) {
    const { service } = serverless;
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const version = service.functions[FUNCTION].versionLogicalId;
        const template = service.provider.compiledCloudFormationTemplate;
        service.provider.compiledCloudFormationTemplate = rename(template, PLAIN_NAME, version);
      },
    };
  }
};
