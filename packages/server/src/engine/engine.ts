import type { CompileWorkflow } from "../catalog/catalog.ts";
import { type Accepted, type AcceptRecord, createAcceptor } from "./accept.ts";
import { boundJq } from "./bounded-jq.ts";
import { compileWith } from "./compile.ts";
import type { EngineDeps } from "./deps.ts";
import { createExecuteHandler } from "./execute.ts";
import { createExpandHandler } from "./expand.ts";
import type { NodeDefinition } from "./node.ts";
import { createWaker } from "./waker.ts";

/**
 * The engine's door. Accept → expand → execute; delivery takes over from the messages it writes. See README.md
 * in this folder for the states of a run and the invariants.
 */
export interface Engine {
  /** Resolves when the record is on disk. */
  accept: (record: AcceptRecord) => Promise<Accepted>;
  /** Node types by wire name, for validation and forms. */
  nodes: ReadonlyMap<string, NodeDefinition>;
  /** Something will be due at this time: the waker must not sleep past it. */
  wakeAt: (at: Date) => void;
  start: () => Promise<void>;
  /** Finishes what is in flight, up to the caller's patience. */
  stop: () => Promise<void>;
}

export function createCompile(nodes: ReadonlyMap<string, NodeDefinition>): CompileWorkflow {
  return compileWith(nodes);
}

export function createEngine(deps: EngineDeps): Engine {
  const acceptor = createAcceptor(deps);
  const waker = createWaker(deps);
  if (deps.worker) {
    const stageDeps = { ...deps, jq: boundJq(deps.jq), wakeAt: waker.expect };
    deps.dispatch.work("expand", createExpandHandler(stageDeps));
    deps.dispatch.work("execute", createExecuteHandler(stageDeps));
  }
  return {
    accept: acceptor.accept,
    wakeAt: waker.expect,
    nodes: deps.nodes,
    async start() {
      await deps.dispatch.start({ worker: deps.worker });
      if (deps.worker) waker.start();
    },
    async stop() {
      await acceptor.drain();
      await waker.stop();
      await deps.dispatch.stop();
    },
  };
}
