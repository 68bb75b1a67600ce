// From a folder of photos to an image, with plain Node:
//   node examples/headshots.mjs <folder> "<prompt>"
// LIKENESS_URL is the server (default: http://127.0.0.1:4000), LIKENESS_TOKEN its token, if it requires one.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** The minimum of the default portrait trainer; `photoSet.minimum` is that of any trainer. */
const MIN_PHOTOS = 10;

const [folder, prompt = 'a portrait in soft window light'] = process.argv.slice(2);
const { LIKENESS_URL = 'http://127.0.0.1:4000', LIKENESS_TOKEN } = process.env;
if (folder === undefined) fail('usage: node examples/headshots.mjs <folder of photos> ["<prompt>"]');

const files = await readdir(folder).catch((error) => fail(error.message));
const names = files.filter((name) => /^\.(?:jpe?g|png|webp)$/i.test(extname(name)));
if (names.length < MIN_PHOTOS)
  fail(`${folder} has ${names.length} JPEG, PNG or WebP photos; a portrait needs at least ${MIN_PHOTOS}`);
const photos = await Promise.all(
  names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })),
);

const { avatar } = await mutate(
  `mutation ($input: CreateAvatarInput!) {
    createAvatar(input: $input) { ... on CreateAvatarPayload { avatar { id } } ... on Error { code message } }
  }`,
  { name: 'My headshots', trainingType: 'PORTRAIT' },
);

const { uploads } = await mutate(
  `mutation ($input: CreatePhotoUploadsInput!) {
    createPhotoUploads(input: $input) {
      ... on CreatePhotoUploadsPayload { uploads { url } } ... on Error { code message }
    }
  }`,
  { avatarId: avatar.id, files: photos.map(({ name, bytes }) => ({ name, size: bytes.length })) },
);
for (const [index, { name, bytes }] of photos.entries()) {
  const response = await fetch(uploads[index].url, { method: 'PUT', body: bytes });
  const { state, message } = await response.json();
  console.log(`${name}: ${state ?? ''} ${message ?? ''}`.trimEnd());
}

await mutate(
  `mutation ($input: StartTrainingInput!) {
    startTraining(input: $input) { ... on StartTrainingPayload { avatar { id } } ... on Error { code message } }
  }`,
  { avatarId: avatar.id },
);
for await (const { avatarStatus } of subscribe(
  `subscription ($id: ID!) {
    avatarStatus(avatarId: $id) { status progress { percent queuePosition } error { message } }
  }`,
  { id: avatar.id },
)) {
  const { status, progress, error } = avatarStatus;
  console.log(status, progress?.percent == null ? '' : `${progress.percent} %`);
  if (status === 'COMPLETED') break;
  if (status === 'FAILED' || status === 'CANCELLED') fail(error?.message ?? status);
}

const { generation } = await mutate(
  `mutation ($input: GenerateImageInput!) {
    generateImage(input: $input) {
      ... on GenerateImagePayload { generation { status imageUrl error { message } } } ... on Error { code message }
    }
  }`,
  { avatarId: avatar.id, prompt, waitSeconds: 60 },
);
if (generation.imageUrl === null) fail(generation.error?.message ?? `the generation is ${generation.status}`);
const image = await fetch(generation.imageUrl);
const file = `headshot.${image.headers.get('content-type') === 'image/png' ? 'png' : 'jpg'}`;
await writeFile(file, Buffer.from(await image.arrayBuffer()));
console.log(`${file}: ${prompt}`);

async function request(query, variables, accept) {
  const headers = { 'content-type': 'application/json', accept };
  if (LIKENESS_TOKEN !== undefined) headers.authorization = `Bearer ${LIKENESS_TOKEN}`;
  try {
    const body = JSON.stringify({ query, variables });
    return await fetch(`${LIKENESS_URL}/graphql`, { method: 'POST', headers, body });
  } catch (error) {
    return fail(
      `${LIKENESS_URL} does not respond: ${error.cause?.message}. Run npm start, or set LIKENESS_URL.`,
    );
  }
}

/** The payload of a mutation with one field. */
async function mutate(query, input) {
  const response = await request(query, { input }, 'application/graphql-response+json');
  const { data, errors } = await response.json();
  if (errors !== undefined) fail(errors[0].message);
  const [result] = Object.values(data);
  if ('code' in result) fail(`${result.code}: ${result.message}`);
  return result;
}

/** The events of a subscription, over server-sent events. */
async function* subscribe(query, variables) {
  const response = await request(query, variables, 'text/event-stream');
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split('\n');
    text = lines.pop();
    for (const line of lines.filter((one) => one.startsWith('data: {'))) {
      const { data, errors } = JSON.parse(line.slice('data: '.length));
      if (errors !== undefined) fail(errors[0].message);
      yield data;
    }
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
