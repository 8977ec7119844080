/** Shows how far an import is: a bar on a terminal, a line every few seconds elsewhere. */
export interface Progress {
  show: (state: { done: number; refused: number; share: number }) => void;
  end: () => void;
}

interface Output {
  isTTY?: boolean;
  write: (text: string) => unknown;
}

const BAR = 24;
const LINE_MS = 5000;
const DRAW_MS = 100;

export function createProgress(output: Output, now: () => number = () => performance.now()): Progress {
  const begun = now();
  let first: number | undefined;
  let shown = Number.NEGATIVE_INFINITY;
  return {
    show({ done, refused, share }) {
      first ??= done;
      const elapsed = now() - begun;
      if (now() - shown < (output.isTTY === true ? DRAW_MS : LINE_MS) && share < 1) return;
      shown = now();
      const rate = Math.round((done - first) / Math.max(0.001, elapsed / 1000));
      const text = `${Math.floor(share * 100)} %, ${done} records, ${refused} refused, ${rate}/s`;
      if (output.isTTY !== true) return void output.write(`${text}\n`);
      const full = Math.round(share * BAR);
      output.write(`\r[${"#".repeat(full)}${" ".repeat(BAR - full)}] ${text}\u001b[K`);
    },
    end() {
      if (output.isTTY === true) output.write("\n");
    },
  };
}
