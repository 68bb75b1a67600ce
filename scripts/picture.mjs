// Makes the README's picture, docs/studio.webp, from the Studio of a running server: its avatars, and the pictures of one.
//
//   DATA_DIR=/tmp/picture npm start, and in a second terminal:
//   node scripts/picture.mjs http://127.0.0.1:4000
//
// Fills the new server through the API first. Needs Chromium, as `chromium` or as the path in CHROMIUM.
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const PICTURE = fileURLToPath(new URL('../docs/studio.webp', import.meta.url));
const MAX_BYTES = 300_000;
const SIZE = { width: 1280, height: 960 };
/** The newest is the first one on the page. The trigger phrase decides which person the simulator draws. */
const AVATARS = [
  { name: 'Gouache', triggerPhrase: 'Gouache 4', trainingType: 'STYLE', prompts: ['a portrait in a garden'] },
  {
    name: 'Mateo',
    triggerPhrase: 'Mateo 1319',
    trainingType: 'PORTRAIT',
    prompts: ['at the beach at sunset'],
  },
  {
    name: 'Noor',
    triggerPhrase: 'Noor 121',
    trainingType: 'PORTRAIT',
    prompts: ['business headshot, smiling'],
  },
  {
    name: 'Ada',
    triggerPhrase: 'Ada 1669',
    trainingType: 'PORTRAIT',
    prompts: [
      'in the city at night',
      'at the beach at sunset',
      'winter in the mountains, laughing',
      'in a library',
    ],
  },
];

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error('usage: node scripts/picture.mjs <address of a server>');

for (const { prompts, ...input } of AVATARS) {
  const { avatar } = await mutate('createAvatar', input, 'avatar { id }');
  const training = { avatarId: avatar.id, imagesUrl: `https://photos.example/${input.name}.zip` };
  await mutate('startTraining', training, 'avatar { id }');
  while (!(await call(`{ avatar(id: "${avatar.id}") { isReady } }`)).avatar.isReady)
    await new Promise((resolve) => setTimeout(resolve, 500));
  for (const prompt of prompts) {
    await mutate('generateImage', { avatarId: avatar.id, prompt, waitSeconds: 30 }, 'generation { id }');
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: SIZE });
  await page.goto(url, { waitUntil: 'networkidle' });
  const wall = await shot(page);
  await page.getByRole('link', { name: 'Ada' }).first().click();
  const avatar = await shot(page);
  await compose([wall, avatar]);
} finally {
  await browser.close();
}
const { size } = statSync(PICTURE);
console.log(`${PICTURE}: ${size} bytes`);
if (size > MAX_BYTES) throw new Error(`The picture has ${size} bytes, at most ${MAX_BYTES} are expected`);

/** When all pictures on it are there. */
async function shot(page) {
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => [...document.images].every((image) => image.naturalWidth > 0));
  return page.screenshot({ animations: 'disabled' });
}

/** Both screenshots side by side on a grey ground. */
async function compose(screenshots) {
  const gap = 40;
  const composed = sharp({
    create: {
      width: 2 * SIZE.width + 3 * gap,
      height: SIZE.height + 2 * gap,
      channels: 3,
      background: '#c9d1d6',
    },
  }).composite(
    screenshots.map((input, index) => ({ input, top: gap, left: gap + index * (SIZE.width + gap) })),
  );
  const flat = await composed.png().toBuffer();
  await sharp(flat).resize({ width: 2000 }).webp({ quality: 82 }).toFile(PICTURE);
}

/** The payload of a mutation. */
async function mutate(name, input, fields) {
  const type = name[0].toUpperCase() + name.slice(1);
  const result = (
    await call(
      `mutation ($input: ${type}Input!) { ${name}(input: $input) { ... on ${type}Payload { ${fields} } ... on Error { code message } } }`,
      { input },
    )
  )[name];
  if ('code' in result) throw new Error(`${name}: ${result.message}`);
  return result;
}

async function call(query, variables) {
  const response = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors !== undefined) throw new Error(errors[0].message);
  return data;
}
