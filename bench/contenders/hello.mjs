// The limit of a start: node:http and nothing else.
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end('{"data":{}}'));
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  process.stdout.write(`listening ${server.address().port}\n`);
});
