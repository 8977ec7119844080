/** An HTTP call requested by a node. It is made outside any transaction, at least once. */
export interface HttpCall {
  method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  url: string;
  /** In order; names may repeat. */
  headers: [name: string, value: string][];
  body: string | null;
  timeout_ms: number;
}

export type HttpReply =
  | { ok: true; status: number; body: string; took_ms: number }
  /** No usable reply. `code`: `timeout`, `connection_refused`, `response_too_large`, … */
  | { ok: false; code: string; reason: string; took_ms: number };

/** Makes the call; never rejects because of the network. */
export type HttpCaller = (call: HttpCall) => Promise<HttpReply>;
