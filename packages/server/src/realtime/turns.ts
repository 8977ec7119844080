/**
 * At most so many at once; the others wait in their order. A broadcast changes the feeds of all who are connected within
 * moments, and after a restart all of them come back together: what that reads must leave connections of the database to
 * everybody else. (Without it, 5,000 at once kept the engine from the database for ten seconds.)
 */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

export function createTurns(most: number): Turns {
  let free = most;
  const line: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => line.push(resolve));
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
