'use strict';
// Gives limits.js what osls and Serverless Framework 3 give a plugin, case by case, and prints what it says.
const fs = require('fs');
const Limits = require('../../infra/resources/limits.js');

const { params, command, cases, directory } = JSON.parse(fs.readFileSync(0, 'utf8'));
const answers = cases.map(({ stage, param }) => {
  try {
    new Limits({
      processedInput: { commands: [command], options: { param }, isHelpRequest: false },
      configurationInput: { params, provider: { region: 'us-east-1' } },
      service: { provider: { stage } },
      serviceDir: directory,
      classes: { Error },
    });
    return null;
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(answers));
