import { diffLines } from "diff";
import { t } from "../messages/en.ts";

const CONTEXT = 3;

interface Line {
  change: "same" | "added" | "removed" | "skipped";
  text: string;
}

/** Two documents as lines: what was taken out, what was put in, and a little of what stands around it. */
export default function Diff({ before, after, label }: { before: unknown; after: unknown; label: string }) {
  const lines = linesOf(textOf(before), textOf(after));
  if (lines.every(({ change }) => change === "same" || change === "skipped")) {
    return <p className="card-body soft">{t.diff.same}</p>;
  }
  return (
    <div className="diff" role="region" aria-label={label} tabIndex={0}>
      {lines.map(({ change, text }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- Lines have no identity, and are drawn once.
        <div key={index} data-change={change}>
          <span aria-hidden>{SIGNS[change]}</span>
          {change === "added" || change === "removed" ? (
            <span className="visually-hidden">{t.diff[change]}</span>
          ) : null}{" "}
          {text}
        </div>
      ))}
    </div>
  );
}

const SIGNS = { same: " ", added: "+", removed: "−", skipped: "⋯" };

function textOf(value: unknown): string {
  return value === null || value === undefined ? "" : `${JSON.stringify(value, null, 2)}\n`;
}

export function linesOf(before: string, after: string): Line[] {
  const lines: Line[] = diffLines(before, after).flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, "")
      .split("\n")
      .map((text): Line => ({ change: added ? "added" : removed ? "removed" : "same", text })),
  );
  const isNear = lines.map((_, index) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ change }) => change !== "same"),
  );
  const shown: Line[] = [];
  for (const [index, line] of lines.entries()) {
    if (isNear[index]) shown.push(line);
    else if (shown.at(-1)?.change === "skipped") continue;
    else shown.push({ change: "skipped", text: "" });
  }
  return shown;
}
