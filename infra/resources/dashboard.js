'use strict';
// The body of the CloudWatch dashboard, as dashboard.yml includes it: JSON inside YAML is hard to read and to keep
// free of overlaps. `churn dashboard` draws the same definition. What each panel says: docs/dashboard.md.

const panels = require('./dashboard/panels.js');
const { makeSources } = require('./dashboard/widgets.js');

const COLUMNS = 24;
const HEADING_ROWS = 1;

const heading = (text) => ({
  type: 'text',
  width: COLUMNS,
  properties: { markdown: `## ${text}`, background: 'transparent' },
});

// Lays panels out from left to right, a row after the other; an array of panels is a column of one width.
function placed(sections) {
  const widgets = [];
  let y = 0;
  for (const [question, rows, panels] of sections) {
    widgets.push({ ...heading(question), x: 0, y, height: HEADING_ROWS });
    y += HEADING_ROWS;
    let x = 0;
    for (const panel of panels) {
      const column = Array.isArray(panel) ? panel : [panel];
      const { width } = column[0];
      if (x + width > COLUMNS) [x, y] = [0, y + rows];
      const height = rows / column.length;
      column.forEach((each, place) => widgets.push({ ...each, x, y: y + place * height, height }));
      x += width;
    }
    y += rows;
  }
  return widgets;
}

const FILES_WITH_ALARMS = ['alarms.yml', 'release.yml']; // a test sees to it that there is no other

// Every alarm there is, so that a new one cannot be forgotten here; one with a condition where that holds.
function alarmArns(files) {
  const resources = files.flatMap(({ Resources }) => Object.entries(Resources));
  const alarms = resources.filter(([, { Type }]) => /^AWS::CloudWatch::\w*Alarm$/.test(Type));
  return alarms.map(([name, { Condition }]) => {
    const arn = { 'Fn::GetAtt': [name, 'Arn'] };
    return Condition ? { 'Fn::If': [Condition, arn, { Ref: 'AWS::NoValue' }] } : arn;
  });
}

module.exports = async ({ resolveVariable }) => {
  const [stack, memory, alarmAt, ...files] = await Promise.all(
    [
      'self:custom.stack',
      'param:memoryMegabytes',
      'param:iteratorAgeAlarmMilliseconds',
      ...FILES_WITH_ALARMS.map((name) => `file(infra/resources/${name})`),
    ].map(resolveVariable)
  );
  const from = makeSources({ stack });
  const body = {
    start: '-PT3H',
    widgets: placed([
      ['Is it healthy?', 4, panels.isItHealthy(from)],
      ['Is it keeping up?', 5, panels.isItKeepingUp(from, Number(alarmAt))],
      ['How much?', 5, panels.howMuch(from)],
      ['What is it saying?', 6, panels.whatIsItSaying(from, stack)],
      ['What does it cost?', 5, panels.whatDoesItCost(from, memory)],
      ['What broke?', 5, panels.whatBroke(from, stack)],
    ]),
  };
  // One text stands for all alarms, and the quotes between them come from joining.
  const Alarms = { 'Fn::Join': ['","', alarmArns(files)] };
  return { 'Fn::Sub': [JSON.stringify(body), { Alarms }] };
};
