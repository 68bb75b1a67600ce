/** Who asks. */
export type Viewer = {
  /** The token's subject; owns what it makes. */
  readonly ownerId: string;
  /** When the token ends, in milliseconds of Unix time; null: never. */
  readonly expiresAt: number | null;
};
