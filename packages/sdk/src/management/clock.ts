import { type Api, call, managed, MANAGEMENT } from "../core/api.ts";
import { record, text } from "../core/check.ts";
import { invalidInput } from "../core/errors.ts";
import { timeOf } from "../core/times.ts";
import type { CallOptions } from "../core/transport.ts";
import type { Reply } from "../wire.ts";

export type ClockView = Reply<"managementClockGet">;

/** How long the server waits for the clock to arrive, and some. */
const PATIENCE = 30_000;

/** The clock of a sandbox workspace: what is due in a month can be seen now. Needs a service token. */
export class Clock {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * const { now } = await carillon.clock.get();
   */
  async get(options?: CallOptions): Promise<ClockView> {
    return call(this.#api, "GET", managed(this.#api, "clock/"), options, MANAGEMENT);
  }

  /**
   * Stops it, now or at a time: nothing becomes due until it is advanced.
   * @example
   * await carillon.clock.freeze();
   */
  async freeze(at?: Date | string, options?: CallOptions): Promise<ClockView> {
    return call(this.#api, "POST", managed(this.#api, "clock/freeze/"), options, {
      ...MANAGEMENT,
      body: at === undefined ? {} : { at: timeOf("at", at) },
    });
  }

  /**
   * Moves it forward, through everything that becomes due on the way: by a duration, or to a time.
   * @example
   * await carillon.clock.advance({ by: "30d" });
   */
  async advance(move: { by: string } | { to: Date | string }, options: CallOptions = {}): Promise<ClockView> {
    if ("by" in record("move", move) === "to" in move)
      throw invalidInput("move", "takes either by, a duration, or to, a time");
    const body = "by" in move ? { by: text("by", move.by) } : { to: timeOf("to", move.to) };
    const path = managed(this.#api, "clock/advance/");
    return call(this.#api, "POST", path, { timeout: PATIENCE, ...options }, { ...MANAGEMENT, body });
  }

  /**
   * Back to the real time.
   * @example
   * await carillon.clock.reset();
   */
  async reset(options?: CallOptions): Promise<ClockView> {
    return call(this.#api, "POST", managed(this.#api, "clock/reset/"), options, {
      ...MANAGEMENT,
      repeatable: true,
    });
  }
}
