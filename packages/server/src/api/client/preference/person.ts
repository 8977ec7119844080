import { z } from "zod";
import { admitPerson, type ClientAuth } from "../../../http/auth/client.ts";
import type { RouteContext } from "../../../http/route.ts";
import type { CategoryPreferenceEdit } from "../../../preferences/recipient-preferences.ts";
import { findIds } from "../../../recipients/read.ts";
import { categoryPreferenceBody } from "../../hub/preference/preference-body.ts";
import type { Holder } from "../../hub/preference/recipient-preference.ts";
import { userId } from "../../hub/user/present-user.ts";

/** What the endpoints of the person's own preferences share. */
export const personParams = z.object({
  distinct_id: userId().describe("The person's id in your system. Clients do not encode it."),
});

type Context = Pick<RouteContext<unknown, { tenant_id: string }, unknown>, "query" | "db" | "services"> & {
  auth: ClientAuth;
};

interface Named {
  distinct_id: string;
}

/**
 * The person whose preferences are read. One whom the server does not know yet has the defaults: a client announces its
 * user once, and not again after the user has been deleted. Reading makes nobody.
 */
export function viewed({ auth, query }: Context, { distinct_id }: Named): Holder {
  admitPerson(auth, { distinct_id, tenant_id: query.tenant_id });
  return { object_type: "", distinct_id, may_be_unknown: true };
}

/** The person whose preferences are set, made if need be. */
export async function known(context: Context, { distinct_id }: Named): Promise<Holder> {
  const { auth, db, services } = context;
  const who = viewed(context, { distinct_id });
  const { workspace_id } = auth.workspace;
  if ((await findIds(db, workspace_id, [who])).size > 0) return who;
  const { object_type } = who;
  await services.recipients.apply(db, workspace_id, [
    {
      object_type,
      distinct_id,
      tenant_id: null,
      operations: [],
      mode: "lenient",
      restore: true,
      create: true,
    },
  ]);
  return who;
}

/** Fields that a client leaves out stay as they are: it sends the list of channels with a switch, and not with a digest. */
export const personCategoryBody = categoryPreferenceBody.meta({
  description:
    "Lists that are absent stay as they are; null is the defaults again, an empty list means no channel.",
  example: { preference: "opt_in", opt_out_channels: ["sms"] },
});

export function asStated(body: z.output<typeof categoryPreferenceBody>): CategoryPreferenceEdit {
  return body;
}
