// Becomes dist/run-bundle.js. Runs a bundle from V8's cache of its compiled code, where there is one. V8 ignores the cache
// of another version of itself.
'use strict';
const { dirname } = require('node:path');
const { existsSync, readFileSync } = require('node:fs');
const { Script } = require('node:vm');

exports.runBundle = function runBundle(bundle) {
  const cache = `${bundle}.cache`;
  // Only require() applies the source map to stack traces.
  if (process.sourceMapsEnabled || !existsSync(cache)) return void require(bundle);
  run(compiled(bundle, readFileSync(cache)), bundle);
};

exports.compiled = compiled;
exports.run = run;

/** The script of a bundle: a function of the variables of a module. */
function compiled(bundle, cachedData) {
  // Bundles are ASCII, which V8 keeps as one byte a character.
  const source = readFileSync(bundle, 'latin1');
  return new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: bundle,
    cachedData,
  });
}

function run(script, bundle) {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, bundle, dirname(bundle));
}
