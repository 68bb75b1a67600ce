/** The column of a field: columns are in snake_case, fields in camelCase. */
export function columnName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
