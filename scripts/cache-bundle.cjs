// node cache-bundle.cjs <dist/run-bundle.js> <bundle>: runs a bundle, and at its exit writes V8's cache of the code that was
// compiled until then, after its digest.
'use strict';
const { renameSync, writeFileSync } = require('node:fs');

const [runner, bundle] = process.argv.splice(2);
const { compiled, digestOf, run } = require(runner);
const script = compiled(bundle);
process.on('exit', () => {
  const cache = script.createCachedData();
  writeFileSync(`${bundle}.cache.new`, Buffer.concat([digestOf(cache), cache]));
  renameSync(`${bundle}.cache.new`, `${bundle}.cache`);
});
run(script, bundle);
