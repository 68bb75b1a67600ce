// The limit: node:http and pg alone. PostgreSQL builds the answer's text in one prepared statement; nothing is parsed,
// validated or authenticated.
import { createServer } from 'node:http';
import { pool, ready } from './rows.mjs';

const ISO = (column) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const AVATAR = `'id', a.id, 'name', a.name, 'status', a.status, 'isReady', a.artifact_trainer IS NOT NULL,
  'version', a.version, 'createdAt', ${ISO('a.created_at')}`;
const STATEMENTS = {
  avatar: `SELECT json_build_object('data', json_build_object('avatar', (
    SELECT json_build_object(${AVATAR}) FROM avatars a WHERE a.owner_id = $1 AND a.id = $2)))::text AS json`,
  avatars: `SELECT json_build_object('data', json_build_object('avatars', json_build_object('edges', coalesce((
    SELECT json_agg(json_build_object('node', json_build_object('id', a.id, 'name', a.name, 'status', a.status,
      'generations', json_build_object('edges', coalesce(g.edges, '[]'::json)))) ORDER BY a.id DESC)
    FROM (SELECT * FROM avatars WHERE owner_id = $1 ORDER BY id DESC LIMIT 20) a
    LEFT JOIN LATERAL (
      SELECT json_agg(json_build_object('node', json_build_object('id', g.id, 'status', g.status, 'prompt', g.prompt,
        'createdAt', ${ISO('g.created_at')})) ORDER BY g.id DESC) AS edges
      FROM (SELECT * FROM generations WHERE avatar_id = a.id ORDER BY id DESC LIMIT 5) g
    ) g ON true), '[]'::json))))::text AS json`,
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const { id } = JSON.parse(Buffer.concat(chunks)).variables ?? {};
    const owner = request.headers['x-owner'];
    const [name, values] = id === undefined ? ['avatars', [owner]] : ['avatar', [owner, id]];
    const { rows } = await pool.query({ name, text: STATEMENTS[name], values });
    const { json } = rows[0];
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(json),
    });
    response.end(json);
  });
});
server.listen(0, '127.0.0.1', () => ready(server.address().port));
