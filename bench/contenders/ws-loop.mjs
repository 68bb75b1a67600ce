// The limit of a fan-out: ws alone. It speaks as much of graphql-transport-ws as the subscribers need, and sends one text
// to all of them on each POST.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const sockets = new Map();
const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    for (const [socket, id] of sockets) socket.send(`{"id":"${id}","type":"next","payload":${text}}`);
    response.end();
  });
});
const wss = new WebSocketServer({ server, perMessageDeflate: false });
wss.on('connection', (socket) => {
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (message.type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (message.type !== 'subscribe') return;
    sockets.set(socket, message.id);
    socket.send(`{"id":"${message.id}","type":"next","payload":{"data":{}}}`);
  });
  socket.on('close', () => sockets.delete(socket));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`));
