import { VERSION } from "./version.ts";

/**
 * The part of OpenTelemetry's `Tracer` that the SDK uses: `trace.getTracer("shop")` is one. Each call is a span, under
 * the one that is active, with its retries as events; its context goes along as `traceparent`.
 */
export interface Tracer {
  startSpan: (name: string, options: { kind: number; attributes: SpanAttributes }) => Span;
}

/** The part of OpenTelemetry's `Span` that the SDK uses. */
export interface Span {
  setAttribute: (name: string, value: string | number) => unknown;
  addEvent: (name: string, attributes: SpanAttributes) => unknown;
  setStatus: (status: { code: number; message: string }) => unknown;
  spanContext: () => { traceId: string; spanId: string; traceFlags: number };
  end: () => unknown;
}

export type SpanAttributes = Record<string, string | number>;

/** OpenTelemetry's `SpanKind.CLIENT` and `SpanStatusCode.ERROR`. */
const CLIENT = 2;
const ERROR = 2;

/** A span that may be missing, and that never breaks the call that it is about. */
export interface CallSpan {
  headers: Record<string, string>;
  set: (name: string, value: string | number | null) => void;
  event: (name: string, attributes: SpanAttributes) => void;
  end: (errorCode: string | null) => void;
}

const NONE: CallSpan = { headers: {}, set: () => {}, event: () => {}, end: () => {} };

/** Attributes by OpenTelemetry's conventions for HTTP clients; the query, which has people's names, is left out. */
export function startSpan(tracer: Tracer | null, method: string, url: URL): CallSpan {
  const span = quietly(() =>
    tracer?.startSpan(method, {
      kind: CLIENT,
      attributes: {
        "http.request.method": method,
        "server.address": url.hostname,
        "server.port": Number(url.port) || (url.protocol === "https:" ? 443 : 80),
        "url.full": `${url.origin}${url.pathname}`,
        "user_agent.name": "carillon-sdk",
        "user_agent.version": VERSION,
      },
    }),
  );
  if (span === undefined) return NONE;
  return {
    headers: quietly(() => traceparent(span)) ?? {},
    set: (name, value) => void (value === null || quietly(() => span.setAttribute(name, value))),
    event: (name, attributes) => void quietly(() => span.addEvent(name, attributes)),
    end(errorCode) {
      if (errorCode !== null) {
        quietly(() => span.setAttribute("error.type", errorCode));
        quietly(() => span.setStatus({ code: ERROR, message: errorCode }));
      }
      quietly(() => span.end());
    },
  };
}

/** As W3C's Trace Context writes it. A tracer that records nothing has ids of zeros, which are none. */
function traceparent(span: Span): Record<string, string> {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (!/^(?!0{32})[0-9a-f]{32}$/.test(traceId) || !/^(?!0{16})[0-9a-f]{16}$/.test(spanId)) return {};
  return { traceparent: `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, "0")}` };
}

/** What only watches a call must not break it. */
export function quietly<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
