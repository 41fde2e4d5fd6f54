'use strict';
// The kinds of panels, and where metrics come from.
// Format: CloudWatch API reference, "Dashboard Body Structure and Syntax".

// After Okabe & Ito: told apart with any colour vision, and strong enough on light and on dark ground.
const COLOURS = {
  good: '#1b9e77',
  notice: '#e09f1f',
  bad: '#d1493f',
  main: '#2b7fc4',
  second: '#b0609b',
  third: '#57b0de',
  quiet: '#8d887f',
};

// One metric of the graph: [namespace, name, dimension, value, …, how it is shown].
function makeSources({ stack }) {
  const of = (namespace, ...dimensions) => (name, shown = {}) => [namespace, name, ...dimensions, shown];
  const table = `${stack}-predictions`;
  return {
    ours: of('ChurnStream', 'service', stack),
    lambda: of('AWS/Lambda', 'FunctionName', `${stack}-scorer`),
    mapping: of('AWS/Lambda', 'EventSourceMappingUUID', '${EventSource}'),
    kinesis: of('AWS/Kinesis', 'StreamName', `${stack}-events`),
    table: of('AWS/DynamoDB', 'TableName', table),
    index: of('AWS/DynamoDB', 'TableName', table, 'GlobalSecondaryIndexName', 'by_risk'),
  };
}

const math = (expression, shown) => [{ expression, ...shown }];
const hidden = (id, shown = {}) => ({ id, visible: false, ...shown });

const graph = (width, title, metrics, properties = {}) => ({
  type: 'metric',
  width,
  properties: {
    title,
    view: 'timeSeries',
    stacked: false,
    stat: 'Sum',
    period: 60,
    region: '${AWS::Region}',
    metrics,
    ...properties,
  },
});
const values = (width, title, metrics) =>
  graph(width, title, metrics, { view: 'singleValue', setPeriodToTimeRange: true });
const stacked = (width, title, metrics, properties = {}) =>
  graph(width, title, metrics, { stacked: true, yAxis: { left: { min: 0, showUnits: false } }, ...properties });
const axis = (label, more = {}) => ({ label, min: 0, showUnits: false, ...more });
const left = (label, more) => ({ yAxis: { left: axis(label, more) } });
const both = (one, other) => ({ yAxis: { left: axis(one), right: axis(other) } });

const logs = (width, title, stack, query) => ({
  type: 'log',
  width,
  properties: {
    title,
    view: 'table',
    region: '${AWS::Region}',
    query: `SOURCE '/aws/lambda/${stack}-scorer' | ${query}`,
  },
});

module.exports = { COLOURS, makeSources, math, hidden, graph, values, stacked, left, both, logs };
