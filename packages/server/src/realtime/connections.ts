import { AppError } from "../errors.ts";

/**
 * Who is connected to this process, over whatever transport: how many from one address and of one person, and how all are
 * sent away when the process stops.
 */
export interface Connections {
  /** Throws an `AppError` while stopping, and where the address has its share already. */
  enter: (address: string, transport: Transport, close: Close) => Place;
  /** The same refusal without entering; null: it may enter. */
  refusal: (address: string) => AppError | null;
  count: (transport: Transport) => number;
  /**
   * Refuses newcomers from now on and closes all connections, evenly over `ms` and in no order, so that the processes that
   * go on are not asked by all clients at once. Resolves when none is left.
   */
  drain: (ms: number) => Promise<void>;
}

/** `hard`: the client has been asked, and does not go. */
export type Close = (hard: boolean) => void;

export const TRANSPORTS = ["socket", "sse"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** One connection. */
export interface Place {
  /** Throws an `AppError` if the person has as many connections as one may have. Once for each place. */
  belongTo: (person: { workspace_id: number; distinct_id: string }) => void;
  leave: () => void;
}

export interface ConnectionLimits {
  /** Connections from one address; 0: any number. */
  per_address: number;
  /** Connections of one person; 0: any number. */
  per_person: number;
}

/** Steps in which a process sends its clients away. */
const WAVES_PER_SECOND = 20;
/** Time for a client to take its leave. */
const GRACE_MS = 1000;
/** When a refused client may come again. */
const AGAIN_SECONDS = 5;

export function createConnections({ per_address, per_person }: ConnectionLimits): Connections {
  const addresses = createShares(per_address);
  const persons = createShares(per_person);
  const open = new Map<Place, { transport: Transport; close: Close }>();
  let isDraining = false;
  let emptied = () => {};

  function refusal(address: string): AppError | null {
    if (isDraining)
      return new AppError("throttled", "this server is stopping: connect again", { retry_after: 1 });
    if (addresses.has(address)) return null;
    const text = `this address has ${per_address} connections already, and REALTIME_PER_ADDRESS allows no more`;
    return new AppError("throttled", text, { retry_after: AGAIN_SECONDS });
  }

  return {
    refusal,
    enter(address, transport, close) {
      const reason = refusal(address);
      if (reason !== null) throw reason;
      addresses.take(address);
      let owner: string | null = null;
      const place: Place = {
        belongTo({ workspace_id, distinct_id }) {
          const name = `${workspace_id} ${distinct_id}`;
          if (!persons.has(name)) {
            const text = `this user has ${per_person} connections already, and REALTIME_PER_PERSON allows no more`;
            throw new AppError("throttled", text, { retry_after: AGAIN_SECONDS });
          }
          owner = name;
          persons.take(name);
        },
        leave() {
          if (!open.delete(place)) return;
          addresses.give(address);
          if (owner !== null) persons.give(owner);
          if (open.size === 0) emptied();
        },
      };
      open.set(place, { transport, close });
      return place;
    },
    count(transport) {
      let count = 0;
      for (const one of open.values()) if (one.transport === transport) count++;
      return count;
    },
    async drain(ms) {
      isDraining = true;
      const all = [...open.values()].sort(() => Math.random() - 0.5);
      const waves = Math.max(1, Math.min(all.length, Math.round((ms / 1000) * WAVES_PER_SECOND)));
      for (let wave = 0; wave < waves; wave++) {
        if (wave > 0) await new Promise((resolve) => setTimeout(resolve, ms / waves));
        const end = Math.ceil((all.length * (wave + 1)) / waves);
        for (const { close } of all.slice(Math.ceil((all.length * wave) / waves), end)) close(false);
      }
      if (open.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      emptied = resolve;
      for (const { close } of open.values()) close(false);
      const grace = setTimeout(() => {
        for (const { close } of open.values()) close(true);
      }, GRACE_MS);
      await promise;
      clearTimeout(grace);
    },
  };
}

/** Counts what each of many has, up to `most`; 0: any number. */
function createShares(most: number) {
  const taken = new Map<string, number>();
  return {
    has: (name: string) => most === 0 || (taken.get(name) ?? 0) < most,
    take: (name: string) => void taken.set(name, (taken.get(name) ?? 0) + 1),
    give(name: string) {
      const left = (taken.get(name) ?? 0) - 1;
      if (left > 0) taken.set(name, left);
      else taken.delete(name);
    },
  };
}
