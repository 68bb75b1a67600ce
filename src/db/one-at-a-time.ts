/** Work that must not overlap: each begins when the one before it has ended, however it ended. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(
      () => work(),
      () => work(),
    );
    last = turn;
    return turn;
  };
}
