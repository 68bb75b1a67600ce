// A closed-loop HTTP client in a process of its own. It answers each order of its parent with one report.
import autocannon from 'autocannon';

/**
 * @typedef {object} Order
 * @property {string} url
 * @property {{ path: string, headers: Record<string, string>, body: string }[]} requests
 * @property {number} connections
 * @property {number} [seconds] how long to send; each connection repeats its requests in an order of its own
 * @property {boolean} [once] send each request exactly once instead
 */

process.on('message', (/** @type {Order} */ order) => {
  void run(order).then((report) => process.send?.(report));
});

/** @param {Order} order */
async function run({ url, requests, connections, seconds, once = false }) {
  let bad = 0;
  let firstBad = null;
  let lastAt = NaN;
  const onResponse = (status, body) => {
    lastAt = performance.now();
    if (status === 200 && !body.includes('"errors"') && !body.includes('"avatar":null')) return;
    bad += 1;
    firstBad ??= `${status} ${body.slice(0, 300)}`;
  };
  let client = 0;
  const began = performance.now();
  const result = await autocannon({
    url,
    connections,
    ...(once ? { amount: requests.length } : { duration: seconds }),
    timeout: 30,
    setupClient(connection) {
      const share = once
        ? requests.filter((_, index) => index % connections === client)
        : rotated(requests, Math.floor((client * requests.length) / connections));
      client += 1;
      connection.setRequests(share.map((request) => ({ method: 'POST', ...request, onResponse })));
    },
  });
  // autocannon itself ends at a whole second.
  const took = ((once ? lastAt : performance.now()) - began) / 1000;
  const answered = Object.values(result.statusCodeStats ?? {}).reduce((sum, { count }) => sum + count, 0);
  return {
    answered,
    perSecond: answered / took,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failed: bad + result.errors + result.timeouts,
    firstFailure: firstBad,
  };
}

function rotated(list, by) {
  return [...list.slice(by), ...list.slice(0, by)];
}
