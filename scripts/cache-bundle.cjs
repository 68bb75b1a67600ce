// node cache-bundle.cjs <dist/run-bundle.js> <bundle>: runs a bundle, and at its exit writes V8's cache of the code that was
// compiled until then.
'use strict';
const { renameSync, writeFileSync } = require('node:fs');

const [runner, bundle] = process.argv.splice(2);
const { compiled, run } = require(runner);
const script = compiled(bundle);
process.on('exit', () => {
  writeFileSync(`${bundle}.cache.new`, script.createCachedData());
  renameSync(`${bundle}.cache.new`, `${bundle}.cache`);
});
run(script, bundle);
