/** The database is known not to work. */
export class DatabaseTroubleError extends Error {
  override name = 'DatabaseTroubleError';
  /** Fit for strangers. 'disk-full': it takes no writes at present and recovers by itself. */
  readonly reason: 'disk-full' | 'stopped';

  constructor(reason: DatabaseTroubleError['reason'], message: string) {
    super(`The database does not work: ${message}`);
    this.reason = reason;
  }
}
