// Takes docs/studio.webp and docs/studio-gallery.webp from the Studio of a new server:
//
//   DATA_DIR=/tmp/screenshots npm start, and in a second terminal:
//   node scripts/studio-screenshots.mjs http://127.0.0.1:4000
//
// Fills the server through the API first. Needs Chromium at /usr/bin/chromium, or at the path in CHROMIUM.
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const OVERVIEW = fileURLToPath(new URL('../docs/studio.webp', import.meta.url));
const GALLERY = fileURLToPath(new URL('../docs/studio-gallery.webp', import.meta.url));
const MAX_BYTES = 300_000;
const SIZE = { width: 1280, height: 960 };
/** The last one is the first on the page. The trigger phrase decides which person the simulator draws. */
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
if (url === undefined) throw new Error('usage: node scripts/studio-screenshots.mjs <address of a server>');

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
  const large = await browser.newPage({ viewport: { width: 1200, height: 900 }, deviceScaleFactor: 1.5 });
  await large.goto(page.url(), { waitUntil: 'networkidle' });
  await large.locator('.prompt-field').fill('in a red coat in the snow');
  await sharp(await shot(large))
    .webp({ quality: 82 })
    .toFile(GALLERY);
} finally {
  await browser.close();
}
for (const file of [OVERVIEW, GALLERY]) {
  const { size } = statSync(file);
  console.log(`${file}: ${size} bytes`);
  if (size > MAX_BYTES) throw new Error(`${file}: expected at most ${MAX_BYTES} bytes, got ${size}`);
}

/** A screenshot after all images have loaded. */
async function shot(page) {
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => [...document.images].every((image) => image.naturalWidth > 0));
  return page.screenshot({ animations: 'disabled' });
}

/** Both screenshots side by side on a grey background. */
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
  await sharp(flat).resize({ width: 2000 }).webp({ quality: 82 }).toFile(OVERVIEW);
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
