/**
 * A client of the realtime socket that speaks its frames itself, as Swift's does: Engine.IO 4 and Socket.IO 5 over the
 * runtime's own WebSocket. It answers pings and remembers everything that it was sent.
 */
export interface SocketClient {
  /** The connection is told of, or refused. */
  answer: Promise<SocketAnswer>;
  /** Events in order: name, data, and what else is in the frame. */
  events: [string, ...unknown[]][];
  /** Every frame as it came. */
  frames: string[];
  closed: Promise<void>;
  isOpen: () => boolean;
  send: (frame: string) => void;
  close: () => void;
}

export type SocketAnswer =
  | { ok: true; sid: string; pid: string }
  | { ok: false; message: string; data?: { type: string; message: string } };

export function connectSocket(
  url: string,
  auth: Record<string, unknown> | null,
  onEvent: (event: [string, ...unknown[]]) => void = () => {},
): SocketClient {
  const ws = new WebSocket(`${url.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`);
  const answer = Promise.withResolvers<SocketAnswer>();
  const closed = Promise.withResolvers<void>();
  const events: SocketClient["events"] = [];
  const frames: string[] = [];
  // A test that is about something else does not wait for it.
  answer.promise.catch(() => {});
  ws.addEventListener("message", ({ data }) => {
    const frame = String(data);
    frames.push(frame);
    if (frame.startsWith("0") && auth !== null) ws.send(`40${JSON.stringify(auth)}`);
    if (frame === "2") ws.send("3");
    if (frame.startsWith("40{"))
      answer.resolve({ ok: true, ...(JSON.parse(frame.slice(2)) as { sid: string; pid: string }) });
    if (frame.startsWith("44{"))
      answer.resolve({ ok: false, ...(JSON.parse(frame.slice(2)) as { message: string }) });
    if (!frame.startsWith("42[")) return;
    const event = JSON.parse(frame.slice(2)) as [string, ...unknown[]];
    events.push(event);
    onEvent(event);
  });
  ws.addEventListener("error", () => answer.reject(new Error("the connection was refused")));
  ws.addEventListener("close", () => {
    answer.reject(new Error("the connection was closed"));
    closed.resolve();
  });
  return {
    answer: answer.promise,
    events,
    frames,
    closed: closed.promise,
    isOpen: () => ws.readyState === WebSocket.OPEN,
    send: (frame) => ws.send(frame),
    close: () => ws.close(),
  };
}
