export type Viewer = {
  /** Subject of the token; owner of the rows that the viewer creates. */
  readonly ownerId: string;
  /** Expiry of the token in milliseconds of Unix time; null: never. */
  readonly expiresAt: number | null;
};
