// Makes the README's picture, docs/demo.webp, from a real run of the demo: its printed text and its two images.
//
//   npm run -s demo > demo.log && node scripts/picture.mjs demo.log
//
// Needs Chromium, as `chromium` or as the path in CHROMIUM, and the font DejaVu Sans Mono.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PICTURE = join(ROOT, 'docs/demo.webp');
const MAX_BYTES = 300_000;

const output = readFileSync(process.argv[2], 'utf8');
const images = ['ada', 'gouache'].map((name) => {
  const bytes = readFileSync(join(ROOT, `demo-output/${name}.jpg`));
  return { source: `data:image/jpeg;base64,${bytes.toString('base64')}`, caption: captionOf(name) };
});

const folder = mkdtempSync(join(tmpdir(), 'likeness-picture-'));
try {
  const page = join(folder, 'page.html');
  writeFileSync(page, pageOf(stepsOf(output, 4, 6), images));
  execFileSync(process.env.CHROMIUM ?? 'chromium', [
    ...[
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      '--force-device-scale-factor=1.5',
    ],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ...[`--user-data-dir=${folder}/profile`, '--window-size=1200,790', `--screenshot=${PICTURE}`, page],
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
const { size } = statSync(PICTURE);
console.log(`${PICTURE}: ${size} bytes`);
if (size > MAX_BYTES) throw new Error(`The picture has ${size} bytes, at most ${MAX_BYTES} are expected`);

/** The lines of some of the demo's numbered steps. */
function stepsOf(text, first, last) {
  const lines = text.split('\n');
  const startOf = (step) => lines.findIndex((line) => line.startsWith(`  ${step}  `));
  return lines.slice(startOf(first), startOf(last + 1)).map((line) => line.slice(2));
}

function captionOf(name) {
  const lines = output.split('\n');
  const saved = lines.findIndex((line) => line.includes(`demo-output/${name}.jpg`));
  return [lines[saved - 2], lines[saved]].map((line) => line.slice(5, 14) + line.slice(17));
}

function pageOf(lines, pictures) {
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; padding: 20px; height: 750px; display: flex; gap: 20px; background: #eaeef2; font: 14px/20px sans-serif }
    pre { margin: 0; padding: 16px 20px; flex: 0 0 690px; box-sizing: border-box; border-radius: 10px; background: #16181d; color: #d7dae0;
      font: 14px/20px 'DejaVu Sans Mono', monospace }
    .step { color: #5ccfe6; font-weight: bold } .kept { color: #87d96c }
    div { flex: 1; min-width: 0; display: flex; flex-direction: column; gap: 20px }
    figure { margin: 0; flex: 1; display: flex; flex-direction: column; border-radius: 10px; overflow: hidden; background: #fff }
    img { flex: 1; min-height: 0; width: 100%; object-fit: cover; object-position: 50% 30% }
    figcaption { padding: 10px 14px; font: 11px/18px 'DejaVu Sans Mono', monospace; white-space: pre; color: #24292f }
  </style><pre>${lines.map(painted).join('\n').trim()}</pre>
  <div>${pictures.map(({ source, caption }) => `<figure><img src="${source}"><figcaption>${caption.map(escaped).join('\n')}</figcaption></figure>`).join('')}</div>`;
}

/** As the demo paints its lines in a terminal. */
function painted(line) {
  if (/^\d /.test(line)) return `<span class="step">${escaped(line)}</span>`;
  return /^ *✓/.test(line) ? `<span class="kept">${escaped(line)}</span>` : escaped(line);
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
