import { readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);

type Block = { readonly file: string; readonly text: string };

/** The shell blocks of a document, without the indent of a list. */
function shellBlocksOf(file: string): Block[] {
  const text = readFileSync(new URL(file, ROOT), 'utf8');
  return [...text.matchAll(/^( *)```sh\n([^]*?)^ *```$/gm)].map(([, indent = '', body = '']) => ({
    file,
    text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trim(),
  }));
}

/** The commands of a document: those of its shell blocks, and those of this project in its sentences and tables. */
export function commandsOf(file: string): string[] {
  const text = readFileSync(new URL(file, ROOT), 'utf8');
  const inSentences = [...text.replaceAll(/^( *)```[^]*?^ *```$/gm, '').matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) =>
      /^(?:[A-Z_]+=\S+ )*(?:npm (?:run|start|test|ci)|npx|node|bash|curl|docker) ?/.test(code),
    );
  const inBlocks = shellBlocksOf(file).flatMap(({ text: block }) => splitCommands(block));
  return [...inBlocks, ...inSentences];
}

/** One command each, without comments. A quoted text, or a line that ends with a backslash, goes on in the next line. */
function splitCommands(block: string): string[] {
  const commands = [''];
  const add = (text: string) => commands.push(`${commands.pop() ?? ''}${text}`);
  let quote: string | null = null;
  for (let at = 0; at < block.length; at += 1) {
    const character = block[at] ?? '';
    if (quote === null && character === '#' && /^\s?$/.test(block[at - 1] ?? '')) {
      at = block.indexOf('\n', at) - 1;
      if (at < 0) break;
    } else if (quote === null && character === '\n' && block[at - 1] !== '\\') {
      commands.push('');
    } else {
      if (quote === null && /['"]/.test(character)) quote = character;
      else if (quote === character) quote = null;
      add(character);
    }
  }
  return commands.map((command) => command.trim()).filter((command) => command !== '');
}
