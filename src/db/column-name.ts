/** Few: the fields of our own tables. */
const names = new Map<string, string>();

/** The column of a field: columns are in snake_case, fields in camelCase. */
export function columnName(field: string): string {
  let name = names.get(field);
  if (name === undefined) {
    name = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    names.set(field, name);
  }
  return name;
}
