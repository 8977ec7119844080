export interface JsonnetLimits {
  /** Steps per evaluation, of which about ten million run in a second. */
  steps: number;
  /** How deep calls, fields and delayed values may nest, at most 500. */
  depth: number;
  /** Milliseconds per evaluation. */
  time: number;
  /** Bytes that strings, arrays and objects may take in total, counted when they are made and never given back. */
  memory: number;
  /** Characters of the result when written as JSON. */
  output: number;
}

export const DEFAULT_LIMITS: JsonnetLimits = {
  steps: 2_000_000,
  depth: 200,
  time: 100,
  memory: 64 * 1024 * 1024,
  output: 1024 * 1024,
};
