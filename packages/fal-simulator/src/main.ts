import { startSimulator, type Simulator } from './simulator.ts';

const DEFAULT_PORT = 4010;

const port = Number(process.env['PORT'] ?? DEFAULT_PORT);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error('PORT must be a number from 0 to 65535');
  process.exit(1);
}
const dir = process.env['FAL_SIMULATOR_DIR'];
const publicUrl = process.env['FAL_SIMULATOR_URL'];
void startSimulator({
  host: process.env['HOST'] ?? '127.0.0.1',
  port,
  opensLoopback: true,
  ...(dir && { dir }),
  ...(publicUrl && { publicUrl }),
  log: (event) => {
    const { type, ...facts } = event;
    if (type !== 'listening') console.log(new Date().toISOString(), type, JSON.stringify(facts));
  },
}).then((simulator) => {
  announce(simulator);
  endOnSignal(simulator);
});

function announce(simulator: Simulator): void {
  console.log(`fal simulator on ${simulator.url}

  FAL_KEY=local
  FAL_QUEUE_URL=${simulator.queueUrl}
  FAL_REST_URL=${simulator.restUrl}

sample training photos  ${simulator.samplePhotosUrl}
scenarios               ${simulator.url}/__simulator/scenarios
submits so far          ${simulator.url}/__simulator/requests
webhooks so far         ${simulator.url}/__simulator/deliveries
`);
}

function endOnSignal(simulator: Simulator): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      void simulator.close();
    });
  }
}
