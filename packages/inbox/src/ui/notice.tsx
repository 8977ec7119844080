import { type ReactNode, useEffect, useState } from "react";
import { Icon } from "./icon.tsx";
import { usePart, useUi } from "./look.tsx";
import { useValue } from "./value.ts";

const STAYS = 10_000;

/** What was just done, with a button that undoes it; goes after ten seconds unless the pointer or the focus is on it. */
export function NoticeBar(): ReactNode {
  const { notice, words } = useUi();
  const part = usePart();
  const current = useValue(notice);
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (current === null || isHeld) return;
    const timer = setTimeout(() => notice.set(null), STAYS);
    return () => clearTimeout(timer);
  }, [notice, current, isHeld]);
  if (current === null) return null;
  return (
    <div
      {...part("notice")}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusCapture={() => setHeld(true)}
      onBlurCapture={() => setHeld(false)}
    >
      <span>{current.text}</span>
      {current.undo !== null && (
        <button {...part("action")} type="button" onClick={current.undo}>
          {words.say("undo")}
        </button>
      )}
      <button
        {...part("tool")}
        type="button"
        aria-label={words.say("close")}
        onClick={() => notice.set(null)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
