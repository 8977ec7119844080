import pg from "pg";

/** The part of pg's query object that its types leave out. The version is pinned, and the tests detect a change. */
interface QueryInternals {
  name?: string | undefined;
  query_timeout?: number;
  callback?: (error: Error | null | undefined, result: pg.QueryResult) => void;
}

/**
 * Sends a statement that is to be answered within `ms`. As pg's own query object: from a configuration pg makes two
 * copies of every statement, property by property, which costs as much as all else it does to send one.
 */
export async function submit(
  client: pg.ClientBase,
  { text, values, name }: pg.QueryConfig,
  ms: number,
): Promise<pg.QueryResult> {
  const query: pg.Query & QueryInternals = new pg.Query(text, values);
  query.name = name;
  query.query_timeout = ms;
  const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult>();
  query.callback = (error, result) => (error ? reject(error) : resolve(result));
  client.query(query);
  try {
    return await promise;
  } catch (error) {
    // The stack as it was made leads to the socket that the answer came from, this one to who asked.
    if (error instanceof Error) Error.captureStackTrace(error);
    throw error;
  }
}
