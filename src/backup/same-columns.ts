import type { Table } from '../db/introspection.ts';

/** A whole row's text fits a table that has the same columns in the same order. Throws, naming what differs. */
export function refuseOthers(whose: string, tables: readonly Table[], here: readonly Table[]): void {
  for (const { name, columns } of tables) {
    const target = here.find((table) => table.name === name);
    if (target === undefined) throw new Error(`${whose} has a table ${name}, the target has not`);
    if (target.columns.join() !== columns.join()) {
      throw new Error(
        `The columns of ${name} differ. ${whose}: ${columns.join(', ')}. The target: ${target.columns.join(', ')}.`,
      );
    }
  }
}
