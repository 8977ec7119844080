/** One event of a stream of server-sent events. */
export interface StreamEvent {
  name: string;
  id: string;
  data: unknown;
}

/** A client of the feed's stream that reads it by fetch, as browsers must that send headers. */
export interface StreamClient {
  status: number;
  headers: Headers;
  events: StreamEvent[];
  /** Comments, which keep the connection alive. */
  comments: () => number;
  /** Resolves when the stream has ended, however. */
  closed: Promise<void>;
  close: () => void;
}

export async function openStream(
  url: string,
  headers: Record<string, string>,
  onEvent: (event: StreamEvent) => void = () => {},
): Promise<StreamClient> {
  const abort = new AbortController();
  const reply = await fetch(url, { headers, signal: abort.signal });
  const events: StreamEvent[] = [];
  let comments = 0;

  function take(block: string): void {
    const fields = new Map(
      block.split("\n").map((line): [string, string] => {
        const [name = "", ...rest] = line.split(": ");
        return [name, rest.join(": ")];
      }),
    );
    const data = fields.get("data");
    if (data === undefined) {
      comments++;
      return;
    }
    const event = {
      name: fields.get("event") ?? "",
      id: fields.get("id") ?? "",
      data: JSON.parse(data) as unknown,
    };
    events.push(event);
    onEvent(event);
  }

  async function read(): Promise<void> {
    if (reply.body === null) return;
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of reply.body) {
      const blocks = `${text}${decoder.decode(bytes as Uint8Array, { stream: true })}`.split("\n\n");
      text = blocks.pop() ?? "";
      blocks.forEach(take);
    }
  }

  return {
    status: reply.status,
    headers: reply.headers,
    events,
    comments: () => comments,
    closed: read().catch(() => {}),
    close: () => abort.abort(),
  };
}
