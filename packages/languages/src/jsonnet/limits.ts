export interface JsonnetLimits {
  /** Steps of an evaluation; about ten million run in a second. */
  steps: number;
  /** Calls, fields and delayed values within each other, up to 500. */
  depth: number;
  /** Milliseconds of an evaluation. */
  time: number;
  /** Bytes that texts, arrays and objects may take together, counted when made and never given back. */
  memory: number;
  /** Characters of the result, written as JSON. */
  output: number;
}

export const DEFAULT_LIMITS: JsonnetLimits = {
  steps: 2_000_000,
  depth: 200,
  time: 100,
  memory: 64 * 1024 * 1024,
  output: 1024 * 1024,
};
