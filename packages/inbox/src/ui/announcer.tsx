import { type ReactNode, useEffect, useState } from "react";
import { useUi } from "./look.tsx";
import { useValue } from "./value.ts";

const PAUSE = 5_000;

/** A polite live region: says the newest of what there is to say, at most every five seconds. */
export function Announcer(): ReactNode {
  const { speech, words } = useUi();
  const wanted = useValue(speech);
  const [said, setSaid] = useState({ text: "", at: -Infinity });
  useEffect(() => {
    if (wanted === "") return;
    const timer = setTimeout(
      () => {
        setSaid({ text: wanted, at: performance.now() });
        // So that the same text can be said again.
        speech.set("");
      },
      said.at + PAUSE - performance.now(),
    );
    return () => clearTimeout(timer);
  }, [wanted, said, speech]);
  return (
    <div role="status" className="carillon-hidden" lang={words.locale}>
      {said.text}
    </div>
  );
}
