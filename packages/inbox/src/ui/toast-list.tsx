import type { MouseEvent, ReactNode } from "react";
import type { Toast } from "../core/types.ts";
import { ago } from "../languages/time.ts";
import { Icon } from "./icon.tsx";
import { follow, Link } from "./links.tsx";
import { usePart, useUi } from "./look.tsx";
import { Picture } from "./picture.tsx";
import { plain } from "./text.tsx";

/** The toasts that are shown, oldest first. */
export function ToastList({ toasts: shown }: { toasts: readonly Toast[] }): ReactNode {
  const ui = useUi();
  const { words } = ui;
  const { toasts } = ui.inbox;
  const part = usePart();
  return (
    <>
      {shown.map(({ id, item }) => {
        const { header = "", text, url = "", open_in_new_tab, avatar } = item.message;
        const onClick = (event: MouseEvent<HTMLElement>) => {
          follow(ui, item, null, event);
          toasts.dismiss(id);
        };
        const title = header === "" ? plain(text) : header;
        return (
          <div key={id} {...part("toast")}>
            {avatar !== undefined && (
              <div {...part("avatar")}>
                <Picture url={avatar.avatar_url} />
              </div>
            )}
            <div className="carillon-body">
              <strong {...part("heading")} dir="auto">
                {url === "" ? (
                  title
                ) : (
                  <Link href={url} isNewTab={open_in_new_tab} className="carillon-main" onClick={onClick}>
                    {title}
                  </Link>
                )}
              </strong>
              {header !== "" && (
                <p {...part("text")} dir="auto">
                  {plain(text)}
                </p>
              )}
              <span {...part("time")}>{ago(words.locale, item.created_on, Date.now())}</span>
            </div>
            <button
              {...part("tool")}
              type="button"
              aria-label={words.say("close")}
              onClick={() => toasts.dismiss(id)}
            >
              <Icon name="close" />
            </button>
          </div>
        );
      })}
    </>
  );
}
