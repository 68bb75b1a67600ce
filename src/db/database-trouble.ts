/** The database is known not to do its work. */
export class DatabaseTroubleError extends Error {
  override name = 'DatabaseTroubleError';
  /** For those who are told no more: 'disk-full' means that it takes no writes and goes on by itself. */
  readonly reason: 'disk-full' | 'stopped';

  constructor(reason: DatabaseTroubleError['reason'], message: string) {
    super(`The database cannot do its work: ${message}`);
    this.reason = reason;
  }
}
