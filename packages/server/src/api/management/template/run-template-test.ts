import { z } from "zod";
import { getMockData, mockTrigger } from "../../../authoring/templates/mock-data.ts";
import { type Channel, channelOfKey, isChannel, LOGGED_CHANNELS } from "../../../core/channel.ts";
import type { Json } from "../../../core/json.ts";
import type { StoredIdentity } from "../../../core/profile/identity.ts";
import type { Tried } from "../../../engine/engine.ts";
import { AppError } from "../../../errors.ts";
import type { RouteContext } from "../../../http/route.ts";
import { templateSource } from "./template-source.ts";

/* What test sends share, of one variant and of a template with selection. */

const identity = z.object({
  /** A channel, with or without a `$`; those of other channels than are sent are ignored. */
  identity_type: z.string(),
  value: z.string().nullish(),
  /** In place of `value`, for addresses that are objects. */
  value_json: z.record(z.string(), z.unknown()).nullish(),
  id_provider: z.string().nullish(),
});

export const testFields = {
  /** A user. Absent: the recipient of the mock data, or nobody where addresses are given. */
  distinct_id: z.string().min(1).max(255).nullish(),
  /** Absent or empty: the addresses of the recipient's profile. */
  identities: z.array(identity).max(100).nullish(),
  /** Whose vendors are used. Preferences are not asked. */
  category: z.string().max(255).nullish(),
  /** Absent: the tenant of the mock data. */
  tenant_id: z.string().max(255).nullish(),
};

export const testReply = z.object({
  /** Of the execution log. */
  execution_id: z.string(),
  messages: z.array(
    z.object({
      message_id: z.string(),
      channel: z.enum(LOGGED_CHANNELS),
      variant: z.string().nullable(),
      /** What it begins with: the message log has what becomes of it. */
      status: z.string(),
      failure_reason: z.string().nullable(),
      vendor: z.string().nullable(),
    }),
  ),
});

type TestBody = z.output<z.ZodObject<typeof testFields>>;

/** `channels`: those that may be sent, of which addresses are read. */
export async function runTemplateTest(
  ctx: Pick<RouteContext<unknown, unknown, unknown>, "auth" | "db" | "services">,
  tried: Tried,
  channels: readonly Channel[],
  { distinct_id, identities, category, tenant_id }: TestBody,
): Promise<z.input<typeof testReply>> {
  const source = templateSource(ctx);
  const mock = mockTrigger(source.workspace_id, await getMockData(source, tried.template.slug));
  const addresses = parseIdentities(identities ?? [], channels, ctx);
  const named = distinct_id ? { object_type: "", distinct_id } : null;
  const recipient = named ?? (addresses.length > 0 ? null : mock.recipient);
  const sent = await ctx.services.engine.sendTrial({
    mock: { ...mock, tenant_id: tenant_id || mock.tenant_id, recipient },
    tried,
    identities: addresses,
    category: category || "transactional",
  });
  if (!sent.ok) throw refusal({ [sent.field]: [sent.reason] });
  const { execution_id, messages } = sent;
  return { execution_id, messages };
}

function parseIdentities(
  given: readonly z.output<typeof identity>[],
  channels: readonly Channel[],
  { services: { recipients } }: Pick<RouteContext<unknown, unknown, unknown>, "services">,
): StoredIdentity[] {
  const problems: Record<string, string[]> = {};
  const parsed = given.flatMap(({ identity_type: type, value, value_json, id_provider }, index) => {
    const channel = isChannel(type) ? type : channelOfKey(type);
    if (channel === undefined) problems[`identities[${index}].identity_type`] = ["must be a channel"];
    if (channel === undefined || !channels.includes(channel)) return [];
    const input = (value_json ?? value ?? null) as Json;
    const result = recipients.parseIdentity(channel, input, { provider: id_provider ?? null });
    if (result.ok) {
      const active = { status: "active", perma_status: "active" } as const;
      return [{ ...result.identity, channel, ...active }];
    }
    problems[`identities[${index}].value`] = [result.reason];
    return [];
  });
  if (Object.keys(problems).length > 0) throw refusal(problems);
  if (given.length > 0 && parsed.length === 0) {
    throw refusal({ identities: [`must have an address on ${channels.join(" or ")}`] });
  }
  return parsed;
}

function refusal(detail: Record<string, string[]>): AppError {
  return new AppError("validation_error", JSON.stringify(detail), { detail });
}
