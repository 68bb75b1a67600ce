import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

type Packages = Readonly<Record<string, string>>;
type Locked = {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
};
const ours = JSON.parse(read('package.json')) as {
  readonly dependencies?: Packages;
  readonly devDependencies?: Packages;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};
const lock = JSON.parse(read('package-lock.json')) as { readonly packages: Readonly<Record<string, Locked>> };
// Our own packages are linked, from below packages/.
const locked = Object.entries(lock.packages).filter(
  ([path, { resolved }]) =>
    path !== '' && !path.startsWith('packages/') && !resolved?.startsWith('packages/'),
);
const own = Object.keys(lock.packages).filter((path) => path.startsWith('packages/'));

describe('packages', () => {
  test('of our own are those we know', () => {
    expect(own).toEqual(['packages/client', 'packages/fal-simulator', 'packages/studio']);
  });

  test('that we name are named with one exact version', () => {
    const manifests = own.map((path) => JSON.parse(read(`${path}/package.json`)) as typeof ours);
    const named = [ours, ...manifests].flatMap(({ dependencies = {}, devDependencies = {} }) =>
      Object.entries({ ...dependencies, ...devDependencies }),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(([, version]) => !/^\d+\.\d+\.\d+[\w.-]*$/.test(version))).toEqual([]);
  });

  test('come from the registry, with a checksum each', () => {
    expect(locked.length).toBeGreaterThan(100);
    const strange = locked.filter(
      // npm writes an address only for what comes from elsewhere than the registry.
      ([, { resolved, integrity = '' }]) => resolved !== undefined || !integrity.startsWith('sha512-'),
    );
    expect(strange.map(([path]) => path)).toEqual([]);
  });

  test('run no scripts when they are installed', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
    const withScripts = locked.flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript === true
        ? [path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)]
        : [],
    );
    expect(Object.values(ours.allowScripts)).not.toContain(true);
    // A newcomer among them is to be looked at.
    expect(withScripts.filter((name) => !(name in ours.allowScripts) && name !== 'fsevents')).toEqual([]);
  });
});
