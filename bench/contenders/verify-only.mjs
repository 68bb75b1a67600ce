// The limit of a webhook: the signature is checked, nothing is stored.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createServer } from 'node:http';

const x = process.env['PUBLIC_KEY'];
const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const digest = createHash('sha256').update(body).digest('hex');
    const names = ['request-id', 'user-id', 'timestamp'];
    const signed = [...names.map((name) => request.headers[`x-fal-webhook-${name}`]), digest].join('\n');
    const signature = Buffer.from(request.headers['x-fal-webhook-signature'], 'hex');
    const isValid = verify(null, Buffer.from(signed), key, signature) && JSON.parse(body) !== null;
    response.writeHead(isValid ? 200 : 401).end();
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`));
