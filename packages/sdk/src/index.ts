/**
 * The client of Carillon for servers: everything of its HTTP API, typed by it. Names of another client over the same
 * core are in `@carillon/sdk/suprsend`.
 */
export { Carillon, type CarillonOptions, createCarillon } from "./carillon.ts";
export {
  type DataOf,
  type DefinedWorkflow,
  defineWorkflow,
  type FromSchema,
  type PayloadsOf,
  type WorkflowSource,
} from "./define-workflow.ts";
export { CarillonError } from "./core/errors.ts";
export { type Edit, ProfileEdit, type PushOptions } from "./core/profile-edit.ts";
export { createUserTokens, type UserTokenOptions, type UserTokens } from "./tokens.ts";
export { verifyWebhook, type VerifyOptions, type WebhookHeaders } from "./webhooks.ts";
export type { Attachment } from "./core/attachments.ts";
export type { Outcome } from "./core/batches.ts";
export type { BulkResult, FailedRecord } from "./core/bulk.ts";
export type { Page, Paged } from "./core/pages.ts";
export type { Span, SpanAttributes, Tracer } from "./core/tracing.ts";
export type { CallOptions, Logger } from "./core/transport.ts";
export type { Operations } from "./generated/operations.gen.ts";
export type { Broadcast, Broadcasts } from "./resources/broadcasts.ts";
export type { Categories } from "./management/categories.ts";
export type { KeyName, Keys } from "./management/keys.ts";
export type { WorkspaceConfig, Workspaces } from "./management/workspaces.ts";
export type { CommitOptions, Mode } from "./management/drafts.ts";
export type { Clock, ClockView } from "./management/clock.ts";
export type { EventAdmin, EventView } from "./management/event-admin.ts";
export type { EventRecord, Events, TrackedEvent } from "./resources/events.ts";
export type { ListOptions, Lists } from "./resources/lists.ts";
export type { Logs } from "./management/logs.ts";
export type { Messages } from "./resources/messages.ts";
export type { Objects, SubscribeOptions } from "./resources/objects.ts";
export type { Preferences, TenantScope } from "./resources/preferences.ts";
export type { Choices, PreferenceQuery, RecipientPreferences } from "./resources/recipient-preferences.ts";
export type { Redrive } from "./management/redrive.ts";
export type { Schemas } from "./management/schemas.ts";
export type { Translations, TranslationTexts } from "./management/translations.ts";
export type { Simulator } from "./management/simulator.ts";
export type { Templates, TemplateView, VariantKey, VariantView } from "./management/templates.ts";
export type { TenantPreferenceQuery, TenantPreferences } from "./resources/tenant-preferences.ts";
export type { Tenants } from "./resources/tenants.ts";
export type { UserTenants } from "./resources/user-tenants.ts";
export type { ErasureReceipt, UserEditRecord, UserExport, Users } from "./resources/users.ts";
export type { Vendors } from "./management/vendors.ts";
export type { WorkflowAdmin, WorkflowView } from "./management/workflow-admin.ts";
export type {
  Accepted,
  CancelFilter,
  DryRun,
  Explanation,
  InlineTrigger,
  Question,
  Trigger,
  TriggerRecord,
  Workflows,
} from "./resources/workflows.ts";
export type * from "./wire.ts";
