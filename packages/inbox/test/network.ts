/** The way between a device and the server, which a test can cut. */
export interface Network {
  fetch: typeof fetch;
  /** Requests fail and streams end, as without a network. */
  cut: () => void;
  /** Nothing is cut or lost any more. */
  mend: () => void;
  /** The next request that changes something reaches the server, but its answer is lost. */
  loseAnswer: () => void;
  /** What was asked for: `PATCH /v1/feed/notifications/…/read`. */
  requests: string[];
  /** Answers in place of the server while it gives a response. */
  intercept: ((url: URL, init: RequestInit) => Response | undefined) | null;
}

/** @param serverUrl where the server is now: another place after each start. */
export function createNetwork(serverUrl: () => string): Network {
  const open = new Set<AbortController>();
  let isCut = false;
  let losing = 0;

  const network: Network = {
    requests: [],
    intercept: null,
    cut() {
      isCut = true;
      for (const request of open) request.abort();
    },
    mend() {
      isCut = false;
      losing = 0;
    },
    loseAnswer() {
      losing += 1;
    },
    async fetch(input, init = {}) {
      const asked = new URL(input instanceof Request ? input.url : input);
      const { method = "GET" } = init;
      network.requests.push(`${method} ${asked.pathname}`);
      if (isCut) throw new TypeError("no network");
      const answer = network.intercept?.(asked, init);
      if (answer !== undefined) return answer;
      const own = new AbortController();
      open.add(own);
      const signal = init.signal ? AbortSignal.any([init.signal, own.signal]) : own.signal;
      const url = `${serverUrl().replace(/\/$/, "")}${asked.pathname}${asked.search}`;
      const response = await fetch(url, { ...init, signal });
      if (method !== "GET" && losing > 0) {
        losing -= 1;
        await response.text();
        throw new TypeError("the answer was lost");
      }
      return response;
    },
  };
  return network;
}
