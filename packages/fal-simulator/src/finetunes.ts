import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { shortened } from './shortened.ts';
import type { StateFolder } from './state-folder.ts';

const finetune = z.object({ id: z.string(), style: z.boolean(), comment: z.string(), likeness: z.string() });
export type Finetune = z.infer<typeof finetune>;
export type Finetunes = ReturnType<typeof createFinetunes>;

export function createFinetunes(folder: StateFolder) {
  const saved = z.array(finetune).safeParse(folder.read('finetunes'));
  const all = new Map((saved.success ? saved.data : []).map((made) => [made.id, made]));
  return {
    make(about: Omit<Finetune, 'id'>): Finetune {
      const made = { id: randomUUID(), ...about, comment: shortened(about.comment) };
      all.set(made.id, made);
      folder.write('finetunes', [...all.values()]);
      return made;
    },
    find: (id: string) => all.get(id) ?? null,
  };
}
