'use strict';
// An osls plugin: refuses parameters that AWS would refuse half way through a deployment, or accept and then
// lose records by. A plugin, because osls itself knows no ranges for `--param`, and because every way to a
// template (make, CI, plain `osls package` or `osls deploy`, Serverless Framework 3) loads it. When it is
// loaded, and not in a hook: before osls looks at the values itself and answers in its own words, or, as
// Serverless Framework 3 does, only warns. The ranges are in ranges.js, what contradicts each other is in
// contradictions.js.

const fs = require('fs');
const path = require('path');
const contradictions = require('./contradictions.js');
const { complaintAbout, KNOWN } = require('./ranges.js');

const COMMANDS = ['package', 'deploy'];

// `--param "name=value"` as often as it is given, as osls reads it.
function givenParameters(options) {
  const halves = (option) => option.split(/=(.*)/s).slice(0, 2).map((part) => part.trim());
  return Object.fromEntries((options || []).map(halves));
}

// As ${param:…} resolves: the command line, then the stage, then the defaults; a value may name another.
function resolved(params, stage, given) {
  const of = { ...params.default, ...params[stage], ...given };
  const fillIn = (value) => value.replace(/\$\{param:(\w+)\}/g, (_, name) => of[name]);
  for (const [name, value] of Object.entries(of)) {
    if (typeof value === 'string') of[name] = fillIn(value);
  }
  return of;
}

function unknownName(params, chosen) {
  const known = Object.keys(params.default);
  const name = Object.keys(chosen).find((candidate) => !known.includes(candidate));
  return name && [name, 'there is no such parameter, docs/parameters.md lists them'];
}

// What is wrong first: a stage or a name that nobody knows, a value out of its range, two values that clash.
function firstComplaint({ stage, region, params, given, directory }) {
  const stages = Object.keys(params).filter((name) => name !== 'default');
  if (!stages.includes(stage)) {
    return `stage ${stage} is none of ${stages.join(', ')}; to deploy another, add \`${stage}: {}\` to ` +
      'infra/resources/parameters.yml';
  }
  const explicit = { ...params[stage], ...given };
  const of = resolved(params, stage, given);
  const artifactMissing = !fs.existsSync(path.resolve(directory, String(of.artifact)));
  const found =
    unknownName(params, explicit) ||
    KNOWN.map((name) => [name, complaintAbout(name, of[name])]).find(([, complaint]) => complaint) ||
    contradictions({ stage, region, of, explicit }).next().value ||
    (artifactMissing && ['artifact', 'expected a zip; `make package` makes it, or ' +
      `\`python -m infra.build --python ${of.python} --arch ${of.architecture}\``]);
  if (!found) return null;
  const [name, complaint] = found;
  return `parameter ${name} of stage ${stage} is ${JSON.stringify(of[name])}: ${complaint}; ` +
    `change it in infra/resources/parameters.yml or with --param "${name}=…"`;
}

module.exports = class Limits {
  constructor(serverless) {
    const { commands, options, isHelpRequest } = serverless.processedInput;
    if (isHelpRequest || !COMMANDS.includes(commands[0])) return;
    const { params, provider } = serverless.configurationInput;
    const complaint = firstComplaint({
      stage: serverless.service.provider.stage,
      region: provider.region,
      params,
      given: givenParameters(options.param),
      directory: serverless.serviceDir,
    });
    if (complaint) throw new serverless.classes.Error(complaint, 'PARAMETER_OUT_OF_RANGE');
  }
};
