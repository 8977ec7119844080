import { type ReactNode, useState } from "react";
import { Icon } from "./icon.tsx";
import { imageOf } from "./links.tsx";

/** An avatar; the bell where it cannot be shown. */
export function Picture({ url }: { url: string }): ReactNode {
  const [isBroken, setBroken] = useState(false);
  const source = imageOf(url);
  return isBroken || source === undefined ? (
    <Icon name="bell" />
  ) : (
    <img
      src={source}
      alt=""
      loading="lazy"
      decoding="async"
      referrerPolicy="no-referrer"
      onError={() => setBroken(true)}
    />
  );
}
