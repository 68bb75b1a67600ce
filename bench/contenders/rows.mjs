// The schema, the SQL and the token check that all peers share, so that they differ by their server alone.
import pg from 'pg';
import { jwtVerify } from 'jose';

export const typeDefs = /* GraphQL */ `
  type Query {
    avatar(id: ID!): Avatar
    avatars(first: Int!): AvatarConnection!
  }
  type Avatar {
    id: ID!
    name: String!
    trainingType: String!
    status: String!
    isReady: Boolean!
    triggerPhrase: String!
    trainer: String
    falRequestId: String
    diffusersLoraFileUrl: String
    version: Int!
    createdAt: String!
    updatedAt: String!
    generations(first: Int!): GenerationConnection!
  }
  type AvatarConnection {
    edges: [AvatarEdge!]!
  }
  type AvatarEdge {
    node: Avatar!
  }
  type Generation {
    id: ID!
    status: String!
    prompt: String!
    version: Int!
    createdAt: String!
  }
  type GenerationConnection {
    edges: [GenerationEdge!]!
  }
  type GenerationEdge {
    node: Generation!
  }
`;

const AVATAR = `id, name, training_type AS "trainingType", status, artifact_trainer IS NOT NULL AS "isReady",
  trigger_phrase AS "triggerPhrase", artifact_trainer AS trainer, fal_request_id AS "falRequestId",
  diffusers_lora_file_url AS "diffusersLoraFileUrl", version, created_at AS "createdAt", updated_at AS "updatedAt"`;
const GENERATION = `id, status, prompt, version, created_at AS "createdAt"`;

/** As many connections as the server under test has. */
export const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });

/** The rows with these ids that the owner has, in the order of the ids. */
export async function avatarsByIds(owner, ids) {
  const { rows } = await pool.query({
    name: 'avatars-by-ids',
    text: `SELECT ${AVATAR} FROM avatars WHERE owner_id = $1 AND id = ANY($2)`,
    values: [owner, ids],
  });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

export async function avatarsOf(owner, first) {
  const { rows } = await pool.query({
    name: 'avatars-of',
    text: `SELECT ${AVATAR} FROM avatars WHERE owner_id = $1 ORDER BY id DESC LIMIT $2`,
    values: [owner, first],
  });
  return rows;
}

/** One list for each avatar id. */
export async function generationsOf(avatarIds, first) {
  const { rows } = await pool.query({
    name: 'generations-of',
    text: `SELECT a.avatar_id AS "avatarId", g.* FROM unnest($1::text[]) AS a(avatar_id), LATERAL (
             SELECT ${GENERATION} FROM generations WHERE avatar_id = a.avatar_id ORDER BY id DESC LIMIT $2
           ) AS g`,
    values: [avatarIds, first],
  });
  const lists = new Map(avatarIds.map((id) => [id, []]));
  for (const { avatarId, ...row } of rows) lists.get(avatarId)?.push(row);
  return avatarIds.map((id) => lists.get(id) ?? []);
}

export const connection = (rows) => ({ edges: rows.map((node) => ({ node })) });

const secret = new TextEncoder().encode(process.env['JWT_SECRET']);

/** @throws when the token is not valid */
export async function ownerOf(authorization) {
  const { payload } = await jwtVerify(authorization?.slice('Bearer '.length) ?? '', secret);
  return payload.sub;
}

/** Prints the address that the parent waits for. */
export function ready(port) {
  process.stdout.write(`listening ${port}\n`);
}
