import { useApiQuery } from "../api/hooks.ts";
import { t } from "../messages/en.ts";
import { Json } from "../ui/code.tsx";
import { Ready } from "../ui/states.tsx";
import { MailFrame } from "./mail-frame.tsx";
import { contentOf } from "./message-facts.ts";

/** What a message said, as it was rendered. */
export function RenderedMessage({ id }: { id: string }) {
  const reading = useApiQuery("GET /v1/message/:message_id/content/", { params: { message_id: id } });
  return <Ready of={reading}>{({ content }) => <Rendered content={content} />}</Ready>;
}

export function Rendered({ content }: { content: Record<string, unknown> | null }) {
  if (content === null) return <p className="soft">{t.message.noContent}</p>;
  const { subject, title, html, text } = contentOf(content);
  return (
    <div className="stack tight">
      {subject === null ? null : <h3>{subject}</h3>}
      {title === null ? null : <h3>{title}</h3>}
      {html === null ? null : <MailFrame html={html} />}
      {html === null && text !== null ? <div className="bubble">{text}</div> : null}
      {html !== null && text !== null ? (
        <details>
          <summary>{t.message.plainText}</summary>
          <div className="bubble">{text}</div>
        </details>
      ) : null}
      <details>
        <summary>{t.message.asJson}</summary>
        <Json value={content} label={t.message.asJson} />
      </details>
    </div>
  );
}
