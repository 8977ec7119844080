import type { ReactNode, RefObject } from "react";
import { Icon } from "./icon.tsx";
import { type Look, lookOf, Restyled, usePart, useRoot, useUi } from "./look.tsx";
import { useInbox } from "./provider.tsx";

export interface BellProps extends Look {
  onClick?: () => void;
}

/** The bell alone, with the number of items that arrived since it was last opened. */
export function Bell({ onClick, ...look }: BellProps): ReactNode {
  return (
    <Restyled look={lookOf(look)}>
      <BellButton onClick={onClick} />
    </Restyled>
  );
}

interface Properties {
  onClick?: (() => void) | undefined;
  button?: RefObject<HTMLButtonElement | null>;
  /** Of the panel that it opens. */
  isOpen?: boolean;
  /** It is likely to be opened soon. */
  onIntent?: () => void;
}

export function BellButton({ onClick, button, isOpen, onIntent }: Properties): ReactNode {
  const { inbox, words, slots } = useUi();
  const part = usePart();
  const root = useRoot();
  const badge = useInbox((state) => state.badge);
  const Content = slots?.Bell;
  const { className, ...bell } = part("bell");
  return (
    <button
      {...root}
      {...bell}
      className={`carillon-root ${className}`}
      {...(button === undefined ? {} : { ref: button })}
      type="button"
      aria-haspopup={isOpen === undefined ? undefined : "dialog"}
      aria-expanded={isOpen}
      aria-label={words.say("title") + (badge > 0 ? `, ${words.say("arrived", { n: badge })}` : "")}
      onPointerEnter={onIntent}
      onFocusCapture={onIntent}
      onClick={() => {
        if (isOpen === undefined) inbox.opened();
        onClick?.();
      }}
    >
      {Content === undefined ? <Icon name="bell" /> : <Content badge={badge} />}
      {badge > 0 && (
        <span {...part("badge")} aria-hidden="true">
          {new Intl.NumberFormat(words.locale).format(Math.min(badge, 99)) + (badge > 99 ? "+" : "")}
        </span>
      )}
    </button>
  );
}
