import { eventually } from './eventually.ts';
import { portraits, spots, type TestPhoto } from './photos.ts';
import type { Locator, Page } from 'playwright-core';
import type { Stack } from './stack.ts';

/** What a user of the Studio does, in the words of the page. */
export class StudioSteps {
  readonly page: Page;
  readonly url: string;

  constructor(page: Page, url: string) {
    this.page = page;
    this.url = url;
  }

  async open(place = ''): Promise<void> {
    await this.page.goto(`${this.url}/${place}`);
  }

  async createAvatar(name: string): Promise<void> {
    const { page } = this;
    await this.open('#/new');
    await page.getByLabel('Who is it?').fill(name);
    await page.getByRole('button', { name: 'Continue to photos' }).click();
    await page.getByRole('heading', { name, exact: true, level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Choose photos' }).waitFor();
  }

  async choose(photos: readonly TestPhoto[]): Promise<void> {
    const files = photos.map(({ name, bytes }) => ({ name, mimeType: 'image/jpeg', buffer: bytes }));
    await this.page.locator('input[type=file]').setInputFiles(files);
  }

  /** Drops files on the page, as from a folder of the desktop. */
  async drop(photos: readonly TestPhoto[]): Promise<void> {
    const files = photos.map(({ name, bytes }) => ({ name, base64: bytes.toString('base64') }));
    await this.page.evaluate(
      `(files) => {
        const transfer = new DataTransfer();
        for (const { name, base64 } of files)
          transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
        for (const type of ['dragenter', 'dragover', 'drop'])
          document.body.dispatchEvent(
            new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }),
          );
      }`.replace(/^/, '(') + `)(${JSON.stringify(files)})`,
    );
  }

  /** Drops a file or a folder of the disk, as a desktop does. */
  async dropFromDisk(path: string): Promise<void> {
    const browser = await this.page.context().newCDPSession(this.page);
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await browser.send('Input.dispatchDragEvent', { type, x: 200, y: 300, data });
  }

  get trainButton(): Locator {
    return this.page.getByRole('button', { name: /^Train / });
  }

  /** The frame of a photo on the contact sheet. */
  photo(name: string): Locator {
    return this.page.getByRole('list', { name: 'Photos' }).getByRole('listitem').filter({ hasText: name });
  }

  /** Resolves when the contact sheet shows that many photos from URLs that begin so. */
  async photosLoaded(count: number, start: string): Promise<void> {
    await eventually(`${count} photos from ${start}`, async () => {
      const loaded = await this.page.evaluate<number>(
        `[...document.querySelectorAll('.shot-frame img')].filter(
          (image) => image.src.startsWith(${JSON.stringify(start)}) && image.naturalWidth > 0,
        ).length`,
      );
      return loaded === count ? true : null;
    });
  }

  /** Resolves when all photos are accepted and the training may start. */
  async enoughPhotos(): Promise<void> {
    await this.page.locator('.train-start button:enabled').waitFor();
  }

  async train(): Promise<void> {
    await this.trainButton.click();
  }

  async trained(): Promise<void> {
    await this.promptField.waitFor();
  }

  get promptField(): Locator {
    return this.page.locator('.prompt-field');
  }

  async make(prompt: string, count = 1): Promise<void> {
    const { page } = this;
    await this.promptField.fill(prompt);
    await page.getByRole('radio', { name: String(count), exact: true }).check();
    await page.getByRole('button', { name: `Generate ${count} image` }).click();
  }

  /** The images of a prompt that the gallery shows, loaded. */
  async images(prompt: string, count: number): Promise<void> {
    // The policy of the page forbids what page.waitForFunction does.
    await eventually(`${count} images of ${prompt}`, async () => {
      const loaded = await this.page.evaluate<number>(
        `[...document.querySelectorAll('.tile-link img')].filter(
          (image) => image.alt.startsWith(${JSON.stringify(prompt)}) && image.naturalWidth > 0,
        ).length`,
      );
      return loaded === count;
    });
  }

  /** An avatar with a training behind it. */
  async trainedAvatar(name: string, photos: readonly TestPhoto[]): Promise<void> {
    await this.createAvatar(name);
    await this.choose(photos);
    await this.enoughPhotos();
    await this.train();
    await this.trained();
  }
}

/** Enough good photos for the trainer of portraits. */
export function enough(stack: Pick<Stack, 'simulator'>): Promise<TestPhoto[]> {
  return portraits(stack.simulator, 10);
}

/** One photo of each kind that is refused or doubted, beside a good one. */
export async function mixed(): Promise<TestPhoto[]> {
  const good = await (await spots(1)).jpeg().toBuffer();
  return [
    { name: 'good.jpg', bytes: good },
    { name: 'again.jpg', bytes: good },
    { name: 'blurred.jpg', bytes: await (await spots(2)).blur(40).jpeg().toBuffer() },
    { name: 'small.jpg', bytes: await (await spots(3, 128, 160)).jpeg().toBuffer() },
    { name: 'notes.jpg', bytes: Buffer.from('no image at all') },
  ];
}
