import { unzipSync, zipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/test-app.ts';
import { spots } from '../../../test/support/photos.ts';
import { draw, type Model } from '../src/drawing/draw.ts';
import { mark, readMark } from '../src/drawing/mark.ts';
import { personOf } from '../src/drawing/person.ts';
import { pixelsOf, type Pixels } from '../src/drawing/pixels.ts';
import { lookInside } from '../src/archive.ts';
import { SAMPLE_PERSON } from '../src/likeness.ts';
import { personOn } from '../src/photographed.ts';
import { samplePhotos } from '../src/sample-photos.ts';

const SIZE = { width: 512, height: 640 };
const LORA = { kind: 'lora', key: 'a', style: false } as const;
const PEOPLE = ['00a12a', 'c3f04d', '7b9e11', 'ffffff', '000000'];

function drawn(model: Model, prompt = 'a portrait', seed = 1): Promise<Buffer> {
  return draw({ prompt, seed, index: 0, model, size: SIZE, blockSide: 1 }, { format: 'png', quality: 88 });
}

async function markOf(image: Buffer) {
  return readMark(await pixelsOf(sharp(image)));
}

/** Mean red, green and blue of a part around the middle, which is the face. */
function meanOfFace({ data, width, height }: Pixels): number[] {
  const sums = [0, 0, 0];
  let count = 0;
  for (let y = Math.floor(height * 0.47); y < height * 0.52; y += 1) {
    for (let x = Math.floor(width * 0.47); x < width * 0.53; x += 1) {
      for (const channel of [0, 1, 2])
        sums[channel] = (sums[channel] ?? 0) + (data[(y * width + x) * 3 + channel] ?? 0);
      count += 1;
    }
  }
  return sums.map((sum) => sum / count);
}

function distance(one: readonly number[], other: readonly number[]): number {
  return Math.hypot(...one.map((level, at) => level - (other[at] ?? 0)));
}

describe('through the server', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ simulator: { images: { ultraLongSide: 640 } } });
  });
  afterAll(() => app.close());

  test('uploaded sample photos, which the server encodes again, train the person that they show', async () => {
    const zip = unzipSync(new Uint8Array(await (await fetch(app.simulator.samplePhotosUrl)).arrayBuffer()));
    const photos = Object.entries(zip).map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) }));
    const { id } = await app.newAvatar();
    const answers = await app.uploadPhotos(id, photos);
    const checks = (await Promise.all(answers.map((answer) => answer.json()))) as unknown[];
    expect(checks).toMatchObject(photos.map(() => ({ state: 'ACCEPTED', warnings: [] })));
    expect(await app.train({ avatarId: id, imagesUrl: null })).toMatchObject({ status: 'COMPLETED' });

    const { imageUrl } = await app.generate({ avatarId: id, prompt: 'a photo', waitSeconds: 60 });
    const image = Buffer.from(await (await fetch(imageUrl ?? '')).arrayBuffer());
    expect(await markOf(image)).toBe(SAMPLE_PERSON);
    const [sample] = photos;
    // Light and pose differ from image to image, by less than people of different skin.
    const stranger = await drawn({ ...LORA, likeness: 'ffffff' });
    const [face = [], onSample = [], ofStranger = []] = await Promise.all(
      [image, sample?.bytes ?? Buffer.alloc(0), stranger].map(async (bytes) =>
        meanOfFace(await pixelsOf(sharp(bytes))),
      ),
    );
    expect(distance(face, onSample)).toBeLessThan(60);
    expect(distance(face, ofStranger)).toBeGreaterThan(120);
  });
});

describe('a drawn image names its person in its pixels', () => {
  test.each([
    ['clean', LORA],
    ['painted', { ...LORA, kind: 'finetune' }],
    ['in a style', { ...LORA, style: true }],
  ] as const)('%s, after it was encoded again and scaled', async (_how, model) => {
    for (const likeness of inject('everyPair') ? PEOPLE : PEOPLE.slice(0, 2)) {
      const image = await drawn({ ...model, likeness }, 'a portrait by the sea at night');
      const changed = await Promise.all([
        sharp(image).jpeg({ quality: 75 }).toBuffer(),
        sharp(image).resize(768, 960).jpeg({ quality: 92 }).toBuffer(),
        sharp(image).resize(320, 400).webp({ quality: 80 }).toBuffer(),
      ]);
      for (const bytes of [image, ...changed]) expect(await markOf(bytes)).toBe(likeness);
    }
  });

  test('by so little that nobody sees it', () => {
    const plain = { data: new Uint8Array(480 * 640 * 3).fill(128), width: 480, height: 640 };
    mark(plain, 'c3f04d', 'clean');
    expect(readMark(plain)).toBe('c3f04d');
    expect(plain.data.every((level, at) => Math.abs(level - 128) <= (at % 3 === 2 ? 5 : 0))).toBe(true);
  });
});

describe('the person of a set of photos', () => {
  const archive = async (images: readonly Buffer[]) =>
    (await lookInside(zipSync(Object.fromEntries(images.map((bytes, index) => [`${index}.jpg`, bytes])))))
      ?.likeness;
  const photosOf = (seeds: readonly number[], quality = 90) =>
    Promise.all(seeds.map(async (seed) => (await spots(seed)).jpeg({ quality }).toBuffer()));

  test('is the one of the drawn images, when most of them show it', async () => {
    const mine = await Promise.all(
      [1, 2, 3].map((seed) => drawn({ ...LORA, likeness: 'c3f04d' }, 'x', seed)),
    );
    const other = await drawn({ ...LORA, likeness: '7b9e11' });
    expect(await archive([other, ...mine])).toBe('c3f04d');
    expect(await archive([...mine.slice(0, 1), other])).not.toMatch(/c3f04d|7b9e11/);
  });

  test('is the same for the same photos in any order, and another for other photos', async () => {
    const [set, others] = [await photosOf([1, 2, 3, 4]), await photosOf([5, 6, 7, 8])];
    const person = await archive(set);
    expect(person).toMatch(/^[0-9a-f]{6}$/);
    expect(await archive(set.toReversed())).toBe(person);
    expect(await archive(others)).not.toBe(person);
  });

  test.each([
    ['#fadfd0', '#e2c48c', '#fbe0cf', '#e2c88f'],
    ['#5a3528', '#181820', '#553125', '#1c1a22'],
  ])('has about the colours of face %s and hair %s', async (skin, hair, drawnSkin, drawnHair) => {
    const block = (height: number, background: string) => ({
      create: { width: 400, height, channels: 3 as const, background },
    });
    const photo = await sharp(block(500, '#7799bb'))
      .composite([
        { input: block(150, hair), top: 50, left: 0 },
        { input: block(150, skin), top: 160, left: 0 },
      ])
      .jpeg()
      .toBuffer();
    const likeness = await personOn([photo]);
    expect(personOf(likeness ?? '')).toMatchObject({ skin: drawnSkin, hair: drawnHair });
  });

  test('is found without an exception when no photo can be decoded', async () => {
    const whole = await drawn({ ...LORA, likeness: 'c3f04d' });
    expect(await personOn([whole.subarray(0, 200), Buffer.from([0xff, 0xd8, 0xff])])).toBeNull();
    expect(await personOn([])).toBeNull();
  });
});

test('the sample archive shows one person, and people differ', async () => {
  expect((await lookInside(await samplePhotos()))?.likeness).toBe(SAMPLE_PERSON);
  const faces = await Promise.all(
    PEOPLE.map(async (likeness) => pixelsOf(sharp(await drawn({ ...LORA, likeness })))),
  );
  for (const [index, one] of faces.entries()) {
    for (const other of faces.slice(index + 1)) {
      const different = one.data.filter((level, at) => Math.abs(level - (other.data[at] ?? 0)) > 24);
      expect(different.length / one.data.length).toBeGreaterThan(0.05);
    }
  }
});

describe('the words of a prompt', () => {
  const meanOf = async (prompt: string) => {
    const { channels } = await sharp(await drawn({ ...LORA, likeness: '00a12a' }, prompt)).stats();
    return channels.map(({ mean }) => mean);
  };
  test('decide about place and light', async () => {
    const [[, , dayBlue = 0] = [], [, , sunsetBlue = 0] = [], night = []] = await Promise.all(
      ['at the beach', 'at the beach at sunset', 'in the city at night'].map(meanOf),
    );
    expect(sunsetBlue).toBeLessThan(dayBlue - 20);
    expect(Math.max(...night)).toBeLessThan(dayBlue - 20);
  });
  test('decide about the clothes', async () => {
    const chest = { left: 216, top: 568, width: 80, height: 64 };
    const rednessOf = async (prompt: string) => {
      const image = sharp(await drawn({ ...LORA, likeness: '00a12a' }, prompt)).extract(chest);
      const { channels } = await sharp(await image.png().toBuffer()).stats();
      return (channels[0]?.mean ?? 0) - (channels[2]?.mean ?? 0);
    };
    expect(await rednessOf('in a red sweater')).toBeGreaterThan(50);
    expect(await rednessOf('in a blue sweater')).toBeLessThan(-20);
  });
});
