/**
 * The names of `@suprsend/node-sdk` 1.15.1 over Carillon's client, and those that the Python and Go clients have
 * besides: a move is the import, and the address of your server.
 */
import { Event, SubscriberListBroadcast, Workflow, WorkflowTriggerRequest } from "./records.ts";
import { BulkResponse } from "./replies.ts";
import { ObjectEdit } from "./objects.ts";
import { InputValueError, SuprsendApiError, SuprsendConfigError, SuprsendError } from "./errors.ts";
import { Suprsend } from "./suprsend.ts";
import { BulkUsersEdit, UserEdit } from "./users.ts";

export {
  BulkResponse,
  BulkUsersEdit,
  Event,
  InputValueError,
  ObjectEdit,
  SubscriberListBroadcast,
  Suprsend,
  SuprsendApiError,
  SuprsendConfigError,
  SuprsendError,
  UserEdit,
  Workflow,
  WorkflowTriggerRequest,
};
export type { Dictionary } from "./records.ts";
export type { SResponse } from "./replies.ts";
export type { Subscriber } from "./users.ts";
export type { SuprsendConfig } from "./suprsend.ts";

/** For code that imports the whole: `import suprsend from "…"`. */
export default {
  BulkResponse,
  BulkUsersEdit,
  Event,
  InputValueError,
  ObjectEdit,
  SubscriberListBroadcast,
  Suprsend,
  SuprsendApiError,
  SuprsendConfigError,
  SuprsendError,
  UserEdit,
  Workflow,
  WorkflowTriggerRequest,
};
