// Becomes dist/run-bundle.js. Runs a bundle from V8's cache of its compiled code, where there is one. V8 ignores the cache
// of another version of itself.
'use strict';
const { createHash } = require('node:crypto');
const { dirname } = require('node:path');
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const DIGEST_BYTES = 32;

exports.runBundle = function runBundle(bundle) {
  // Only require() applies the source map to stack traces.
  const cache = process.sourceMapsEnabled ? null : readCache(`${bundle}.cache`);
  if (cache === null) return void require(bundle);
  run(compiled(bundle, cache), bundle);
};

exports.digestOf = digestOf;
exports.readCache = readCache;

exports.compiled = compiled;
exports.run = run;

/** Null without a whole file. V8 does not notice every damage: it would end the process. */
function readCache(file) {
  try {
    const bytes = readFileSync(file);
    const cache = bytes.subarray(DIGEST_BYTES);
    return digestOf(cache).equals(bytes.subarray(0, DIGEST_BYTES)) ? cache : null;
  } catch {
    return null;
  }
}

function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest();
}

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
