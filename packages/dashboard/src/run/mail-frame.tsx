import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { t } from "../messages/en.ts";

const TALLEST_PX = 900;

/**
 * Someone else's HTML: shown by a page of its own that has no origin, runs nothing and loads nothing. Images from
 * elsewhere say who looks, so they wait for a press.
 */
export function MailFrame({ html }: { html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [withImages, setWithImages] = useState(false);
  const latest = useRef(html);
  latest.current = html;
  useEffect(() => {
    const onMessage = ({ source, data }: MessageEvent) => {
      const element = frame.current;
      if (element === null || source !== element.contentWindow) return;
      const { mailFrame, height } = data as { mailFrame?: string; height?: number };
      if (mailFrame === "ready") post(element, latest.current);
      if (mailFrame === "height" && typeof height === "number") {
        element.style.blockSize = `${Math.min(TALLEST_PX, Math.max(160, height + 2))}px`;
      }
    };
    addEventListener("message", onMessage);
    return () => removeEventListener("message", onMessage);
  }, []);
  useEffect(() => {
    if (frame.current !== null) post(frame.current, html);
  }, [html]);
  const hasImages = /<img|background(?:-image)?\s*[:=]/i.test(html);
  return (
    <div className="stack tight">
      <iframe
        ref={frame}
        className="mail-frame"
        title={t.message.mail}
        sandbox="allow-scripts"
        referrerPolicy="no-referrer"
        src={withImages ? "/mail-frame?images=1" : "/mail-frame"}
      />
      {hasImages && !withImages ? (
        <span>
          <Button className="button" onPress={() => setWithImages(true)}>
            {t.message.showImages}
          </Button>
        </span>
      ) : null}
    </div>
  );
}

function post(element: HTMLIFrameElement, html: string): void {
  // The frame has no origin to name.
  element.contentWindow?.postMessage({ html }, "*");
}
