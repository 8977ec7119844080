import { z } from "zod";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import { unsafeText } from "../../core/json/json-guard.ts";
import { AppError } from "../../errors.ts";
import type { Services } from "../../services.ts";
import { createRateLimit } from "../rate-limit.ts";
import { admitPerson, proveClient, proveLegacySubscriber } from "./client.ts";

/** Proves who connects a socket, from what its client shows in the handshake (client-protocols.md §9.1). */
export interface SocketProof {
  /** False: too many wrong proofs came from this address, so that none is looked at for now. */
  mayTry: (address: string) => boolean;
  /** Throws an `AppError`. */
  prove: (handshake: unknown, from: { address: string; origin: string }) => Promise<ProvenSocket>;
}

export interface ProvenSocket {
  workspace_id: number;
  distinct_id: string;
  tenant_id: string;
  /** When the proof ends, in seconds since 1970; null: never. */
  expires_at: number | null;
}

/** Ids that are numbers in the page stay so. */
const id = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((text) => text !== "" && text.length <= 255 && unsafeText(text) === null, "must be an id");

const handshakeSchema = z.object({
  authorization: z.string().max(512),
  "x-ss-signature": z.string().nullish(),
  subscriber_id: z.string().max(512).nullish(),
  distinct_id: id,
  // Android sends "" for none.
  tenant_id: z
    .union([z.literal("").transform(() => DEFAULT_TENANT), id])
    .nullish()
    .transform((tenant) => tenant ?? DEFAULT_TENANT),
});

/** Wrong proofs are looked at for so long at full speed: tokens of a whole office may expire at once. */
const PATIENCE_SECONDS = 10;

export function createSocketProof(services: Pick<Services, "workspaces" | "config">): SocketProof {
  const strangers = createRateLimit({
    name: "address",
    per_second: services.config.WRONG_KEYS_PER_SECOND,
    burst_seconds: PATIENCE_SECONDS,
  });
  const mayTry = (address: string) => (strangers?.bucket(address).wait_seconds() ?? 0) === 0;

  async function prove(handshake: unknown, origin: string): Promise<ProvenSocket> {
    const parsed = handshakeSchema.safeParse(handshake);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new AppError(
        "validation_error",
        `${issue?.path.join(".") ?? "auth"}: ${issue?.message ?? "is wrong"}`,
      );
    }
    const { authorization, subscriber_id, distinct_id, tenant_id } = parsed.data;
    const auth =
      typeof subscriber_id === "string"
        ? await proveLegacySubscriber(services, { authorization, subscriber_id, distinct_id })
        : await proveClient(services, {
            public_key: authorization,
            token: parsed.data["x-ss-signature"] ?? null,
            origin,
          });
    admitPerson(auth, { distinct_id, tenant_id });
    return {
      workspace_id: auth.workspace.workspace_id,
      distinct_id,
      tenant_id,
      expires_at: auth.person?.expires_at ?? null,
    };
  }

  return {
    mayTry,
    async prove(handshake, { address, origin }) {
      if (!mayTry(address)) {
        throw new AppError("throttled", "too many wrong proofs came from this address");
      }
      try {
        return await prove(handshake, origin);
      } catch (error) {
        if (error instanceof AppError && error.status < 500) strangers?.bucket(address).take(1);
        throw error;
      }
    },
  };
}
