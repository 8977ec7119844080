import { Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * Metrics for operators, in Prometheus' format: accepted records, runs and messages by outcome, queue depth and age,
 * stage latencies. Other modules get the narrow `Meter`; only `main` and `/metrics` know the registry.
 */
export interface Meter {
  accepted: (count: number) => void;
  runs: (status: string, count: number) => void;
  message: (channel: string, status: string) => void;
  /** One handled batch of a stage. */
  stage: (stage: string, lane: string, seconds: number, refs: number) => void;
  request: (route: string, status: number, seconds: number) => void;
  /** Events that were handed to realtime connections. */
  sent: (transport: string, events: number) => void;
  /** A realtime connection that was closed or refused. */
  dropped: (reason: string) => void;
}

export interface Metrics extends Meter {
  /** The exposition text. Without a database reading it has only this process's own counters. */
  expose: (reading: DatabaseReading) => Promise<string>;
  contentType: string;
}

export interface DatabaseReading {
  /** It answers queries. */
  is_up: boolean;
  /** It has no room for writes. */
  is_full: boolean;
  /** Empty if it does not answer. */
  queues: readonly QueueReading[];
  /** Open realtime connections, by transport. */
  connections: Readonly<Record<string, number>>;
}

export interface QueueReading {
  stage: string;
  lane: string;
  waiting: number;
  active: number;
  oldest_seconds: number;
}

const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const accepted = new Counter({
    name: "carillon_accepted_total",
    help: "Records whose acceptance was answered after they were on disk.",
    registers,
  });
  const runs = new Counter({
    name: "carillon_runs_total",
    help: "Runs by the state they reached.",
    labelNames: ["status"],
    registers,
  });
  const messages = new Counter({
    name: "carillon_messages_total",
    help: "Messages by channel and the status an attempt gave them.",
    labelNames: ["channel", "status"],
    registers,
  });
  const stages = new Histogram({
    name: "carillon_stage_seconds",
    help: "Time a stage takes for one batch.",
    labelNames: ["stage", "lane"],
    buckets: LATENCY_BUCKETS,
    registers,
  });
  const handled = new Counter({
    name: "carillon_stage_refs_total",
    help: "Requests, runs and messages that a stage handled.",
    labelNames: ["stage", "lane"],
    registers,
  });
  const requests = new Histogram({
    name: "carillon_http_request_seconds",
    help: "Time to answer an HTTP request.",
    labelNames: ["route", "status"],
    buckets: LATENCY_BUCKETS,
    registers,
  });
  const depth = new Gauge({
    name: "carillon_queue_jobs",
    help: "Jobs by queue and state; a job carries up to 100 refs.",
    labelNames: ["stage", "lane", "state"],
    registers,
  });
  const age = new Gauge({
    name: "carillon_queue_oldest_seconds",
    help: "Age of the oldest job that waits.",
    labelNames: ["stage", "lane"],
    registers,
  });
  const up = new Gauge({
    name: "carillon_database_up",
    help: "1 when the database answers, 0 when not: then there are no readings of queues.",
    registers,
  });
  const full = new Gauge({
    name: "carillon_database_full",
    help: "1 when the database has no room left on its disk.",
    registers,
  });

  const connected = new Gauge({
    name: "carillon_realtime_connections",
    help: "Open realtime connections.",
    labelNames: ["transport"],
    registers,
  });
  const sent = new Counter({
    name: "carillon_realtime_events_total",
    help: "Events that were handed to realtime connections.",
    labelNames: ["transport"],
    registers,
  });
  const dropped = new Counter({
    name: "carillon_realtime_drops_total",
    help: "Realtime connections that were closed or refused: they took nothing (slow) or sent too much (flood), their token expired (expired), a limit was reached (limit).",
    labelNames: ["reason"],
    registers,
  });

  return {
    contentType: registry.contentType,
    accepted: (count) => accepted.inc(count),
    runs: (status, count) => runs.inc({ status }, count),
    message: (channel, status) => messages.inc({ channel, status }),
    stage(stage, lane, seconds, refs) {
      stages.observe({ stage, lane }, seconds);
      handled.inc({ stage, lane }, refs);
    },
    request: (route, status, seconds) => requests.observe({ route, status }, seconds),
    sent: (transport, events) => sent.inc({ transport }, events),
    dropped: (reason) => dropped.inc({ reason }),
    async expose({ is_up, is_full, queues, connections }) {
      for (const [transport, count] of Object.entries(connections)) connected.set({ transport }, count);
      up.set(is_up ? 1 : 0);
      full.set(is_full ? 1 : 0);
      // Earlier readings must not be reported as current.
      depth.reset();
      age.reset();
      for (const { stage, lane, waiting, active, oldest_seconds } of queues) {
        depth.set({ stage, lane, state: "waiting" }, waiting);
        depth.set({ stage, lane, state: "active" }, active);
        age.set({ stage, lane }, oldest_seconds);
      }
      return registry.metrics();
    },
  };
}
