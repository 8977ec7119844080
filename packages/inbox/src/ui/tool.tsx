import type { ReactNode, RefObject } from "react";
import { Icon, type IconName } from "./icon.tsx";
import { usePart } from "./look.tsx";

interface ToolProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  tabIndex?: number;
  isOpen?: boolean;
  button?: RefObject<HTMLButtonElement | null>;
}

/** A button that is an icon. */
export function Tool({ icon, label, onClick, tabIndex, isOpen, button }: ToolProps): ReactNode {
  const part = usePart();
  return (
    <button
      {...part("tool")}
      {...(button === undefined ? {} : { ref: button })}
      type="button"
      data-icon={icon}
      aria-label={label}
      title={label}
      aria-haspopup={isOpen === undefined ? undefined : "menu"}
      aria-expanded={isOpen}
      tabIndex={tabIndex}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
