/** A line for the test that started this process; see child-process.ts. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
