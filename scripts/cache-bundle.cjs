// node cache-bundle.cjs <dist/run-bundle.js> <bundle>: runs a bundle, and at its exit writes V8's cache of the code that was
// compiled until then, after its digest.
'use strict';
const { renameSync, writeFileSync } = require('node:fs');
const v8 = require('node:v8');

// V8 takes a cache only when it has the flags that it had when it made the cache, and the server sets some after its code
// is loaded.
v8.setFlagsFromString = () => undefined;

const [runner, bundle] = process.argv.splice(2);
const { compiled, digestOf, run } = require(runner);
const script = compiled(bundle);
process.on('exit', () => {
  const cache = script.createCachedData();
  writeFileSync(`${bundle}.cache.new`, Buffer.concat([digestOf(cache), cache]));
  renameSync(`${bundle}.cache.new`, `${bundle}.cache`);
});
run(script, bundle);
// Windows has no SIGTERM. A build that is killed, which disconnects, must leave no server behind.
for (const end of ['message', 'disconnect']) process.once(end, () => process.emit('SIGTERM', 'SIGTERM'));
