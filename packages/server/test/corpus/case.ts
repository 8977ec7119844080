import type { Channel } from "../../src/core/channel.ts";
import type { JsonObject } from "../../src/core/json.ts";

/** A template as people write them, with the data of one message. What it renders to is in `expected/<channel>/`. */
export interface CorpusCase {
  channel: Channel;
  name: string;
  content: JsonObject;
  /** The payload; what a template sees besides it is `SEEN`. */
  data?: JsonObject;
  /** Of the recipient. */
  locale?: string;
}
