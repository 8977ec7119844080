import { z } from "zod";
import { getMockData, mockTrigger } from "../../../../authoring/templates/mock-data.ts";
import { getTriedVariant } from "../../../../authoring/templates/tried-variant.ts";
import { CHANNELS, channelOfKey, isChannel } from "../../../../core/channel.ts";
import type { Json } from "../../../../core/json.ts";
import type { StoredIdentity } from "../../../../core/profile/identity.ts";
import { AppError } from "../../../../errors.ts";
import { defineRoute } from "../../../../http/route.ts";
import type { Services } from "../../../../services.ts";
import { variantParams } from "../../params.ts";
import { liveModeQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";

const identity = z.object({
  /** A channel, with or without a `$`; those of other channels are ignored. */
  identity_type: z.string(),
  value: z.string().nullish(),
  /** In place of `value`, for addresses that are objects. */
  value_json: z.record(z.string(), z.unknown()).nullish(),
  id_provider: z.string().nullish(),
});

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/mock_test/",
  summary: "Send a variant for real, with the template's mock data, to try it",
  params: variantParams,
  query: z.object(liveModeQuery),
  body: z
    .object({
      /** A user. Absent: the recipient of the mock data, or nobody where addresses are given. */
      distinct_id: z.string().min(1).max(255).nullish(),
      /** Absent or empty: the addresses of the recipient's profile. */
      identities: z.array(identity).max(100).nullish(),
      /** Whose vendors are used. Preferences are not asked. */
      category: z.string().max(255).nullish(),
      /** Absent: the tenant of the mock data. */
      tenant_id: z.string().max(255).nullish(),
    })
    .optional(),
  reply: {
    status: 202,
    body: z.object({
      /** Of the execution log. */
      execution_id: z.string(),
      messages: z.array(
        z.object({
          message_id: z.string(),
          channel: z.enum(CHANNELS),
          /** What it begins with: the message log has what becomes of it. */
          status: z.string(),
          failure_reason: z.string().nullable(),
          vendor: z.string().nullable(),
        }),
      ),
    }),
    description:
      "Sent to the addresses given, through the workspace's vendors; its test mode holds here too.",
  },
  errors: ["not_found", "validation_error", "conflict"],
  // Sending has its own, after the rest was read.
  transaction: false,
  async handle(ctx) {
    const { params, query, services } = ctx;
    const { slug, channel, id } = params;
    const { distinct_id, identities, category, tenant_id } = ctx.body ?? {};
    const source = templateSource(ctx);
    const { version_no, variant } = await getTriedVariant(source, slug, { channel, id }, query.mode);
    const mock = mockTrigger(source.workspace_id, await getMockData(source, slug));
    const addresses = parseIdentities(identities ?? [], channel, services);
    const named = distinct_id ? { object_type: "", distinct_id } : null;
    const recipient = named ?? (addresses.length > 0 ? null : mock.recipient);
    const sent = await services.engine.sendTrial({
      mock: { ...mock, tenant_id: tenant_id || mock.tenant_id, recipient },
      template: { slug, version_no },
      variant,
      identities: addresses,
      category: category || "transactional",
    });
    if (!sent.ok) throw refusal({ [sent.field]: [sent.reason] });
    const { execution_id, messages } = sent;
    return { execution_id, messages };
  },
});

function parseIdentities(
  given: readonly z.output<typeof identity>[],
  channel: StoredIdentity["channel"],
  { recipients }: Pick<Services, "recipients">,
): StoredIdentity[] {
  const problems: Record<string, string[]> = {};
  const parsed = given.flatMap(({ identity_type: type, value, value_json, id_provider }, index) => {
    const meant = isChannel(type) ? type : channelOfKey(type);
    if (meant === undefined) problems[`identities[${index}].identity_type`] = ["must be a channel"];
    if (meant !== channel) return [];
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
    throw refusal({ identities: [`must have an address on ${channel}`] });
  }
  return parsed;
}

function refusal(detail: Record<string, string[]>): AppError {
  return new AppError("validation_error", JSON.stringify(detail), { detail });
}
