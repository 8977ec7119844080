import { isDatabaseUnavailable } from "./fault.ts";

const AGAIN_MS = 1000;

/**
 * Repeats a write every second until the database is fit for it, for what has happened and would be done twice if its
 * record were given up. Throws any other error at once, and the database's once the process is stopping.
 */
export async function writeWhenFit<T>(
  write: () => Promise<T>,
  options: { isStopping: () => boolean; onWaiting?: (error: unknown) => void },
): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!isDatabaseUnavailable(error) || options.isStopping()) throw error;
      options.onWaiting?.(error);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
