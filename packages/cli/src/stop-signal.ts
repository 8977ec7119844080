/**
 * Resolves at the first signal to stop. A later one ends the process at once, and with it an embedded database, but not
 * within the first second, because one request may arrive several times: service managers signal whole groups, and
 * parents forward signals.
 */
export function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let since: number | undefined;
  const hear = (code: number) => () => {
    since ??= performance.now();
    resolve();
    if (performance.now() - since > 1000) process.exit(code);
  };
  process.on("SIGINT", hear(130));
  process.on("SIGTERM", hear(143));
  return promise;
}
