const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const BAR_WIDTH = 10;

/** One line as tqdm prints it: ` 45%|████▌     | 450/1000 [00:12<00:15, 36.10it/s]`. */
export function progressLine(done: number, total: number, elapsedMs: number): string {
  const share = total === 0 ? 1 : done / total;
  const eighths = Math.floor(share * BAR_WIDTH * 8);
  const bar = ('█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')).padEnd(BAR_WIDTH, ' ');
  const percent = String(Math.floor(share * 100)).padStart(3, ' ');
  const seconds = elapsedMs / 1000;
  const speed = seconds > 0 ? done / seconds : 0;
  const left = speed > 0 ? clock((total - done) / speed) : '?';
  return `${percent}%|${bar}| ${done}/${total} [${clock(seconds)}<${left}, ${speed > 0 ? speed.toFixed(2) : '?'}it/s]`;
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${String(Math.floor(whole / 60)).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`;
}
