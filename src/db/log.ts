/** What the database code needs of a logger; pino's has this shape. Messages never carry a password or a row. */
export interface DatabaseLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
