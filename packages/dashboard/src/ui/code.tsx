import { Check, Copy } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "react-aria-components";
import { t } from "../messages/en.ts";
import { notify } from "../shell/toasts.tsx";

/** Text to be copied. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div className="code">
      {/* Long code scrolls, so it must be reachable by keyboard. */}
      <pre tabIndex={0} role="group" aria-label={label}>
        {text}
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}

/** Any value as JSON, with its parts told apart by colour. */
export function Json({ value, label }: { value: unknown; label: string }) {
  const text = JSON.stringify(value, null, 2) ?? "null";
  return (
    <div className="code">
      <pre tabIndex={0} role="group" aria-label={label}>
        {text.length > MOST_COLOURED ? text : coloured(text)}
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}

const MOST_COLOURED = 60_000;
const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function coloured(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token, string, colon] = match;
    parts.push(text.slice(at, match.index));
    const kind = string === undefined ? "json-other" : colon === undefined ? "json-string" : "json-key";
    parts.push(
      <span key={match.index} className={kind}>
        {token}
      </span>,
    );
    at = match.index + token.length;
  }
  parts.push(text.slice(at));
  return parts;
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await copyText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <Button className="button icon quiet" aria-label={t.common.copyOf(label)} onPress={() => void copy()}>
      {isDone ? <Check aria-hidden /> : <Copy aria-hidden />}
    </Button>
  );
}

/** Without a secure context (plain HTTP beyond loopback) there is no clipboard; the old way still works. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  notify(t.common.copied);
}
