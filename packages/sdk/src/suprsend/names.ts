export { BulkResponse } from "./replies.ts";
export { InputValueError, SuprsendApiError, SuprsendConfigError, SuprsendError } from "./errors.ts";
export { ObjectEdit } from "./objects.ts";
export { Event, SubscriberListBroadcast, Workflow, WorkflowTriggerRequest } from "./records.ts";
export { Suprsend } from "./suprsend.ts";
export { BulkUsersEdit, UserEdit } from "./users.ts";
