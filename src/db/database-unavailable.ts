/** The database is known not to work. */
export class DatabaseUnavailableError extends Error {
  override name = 'DatabaseUnavailableError';
  /** Fit for strangers. 'disk-full': it takes no writes at present and recovers by itself. */
  readonly reason: 'disk-full' | 'stopped';

  constructor(reason: DatabaseUnavailableError['reason'], message: string) {
    super(`The database is unavailable: ${message}`);
    this.reason = reason;
  }
}
