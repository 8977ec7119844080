import { isIPv6 } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../errors.ts";
import type { Services } from "../services.ts";
import { authorize } from "./auth/authorize.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { Claim } from "./request.ts";
import type { RegisteredRoute } from "./route.ts";

/**
 * Decides who may go on, by the headers alone: no large body is received before its sender is known, so that strangers
 * cannot fill the memory. Three limits stand here: how many records one credential may send, how many requests may come
 * from one end user, who shares a public key with all others of a company, and how many wrong credentials one address may
 * try.
 */
export interface Gate {
  /** Throws an `AppError` for a request that may not go on. */
  admit: (route: RegisteredRoute, request: FastifyRequest, reply: FastifyReply) => Promise<Claim>;
  /** Proves the claim by the body, then counts the records against the credential's limit. */
  confirm: (claim: Claim, request: FastifyRequest, body: Buffer | null) => void;
  /** Counts the records of an array beyond its first. */
  charge: (claim: Claim, records: number, request: FastifyRequest, reply: FastifyReply) => void;
}

/** Wrong credentials are looked at for so long at full speed: a deployment with an old key must not be refused at once. */
const PATIENCE_SECONDS = 10;

/** A page that opens asks for much at once. */
const CLIENT_BURST_SECONDS = 10;

export function createGate(services: Services): Gate {
  const { RATE_LIMIT_PER_SECOND, CLIENT_RATE_LIMIT_PER_SECOND, WRONG_KEYS_PER_SECOND } = services.config;
  const records = createRateLimit({
    name: "credential",
    per_second: RATE_LIMIT_PER_SECOND,
    burst_seconds: 1,
  });
  const clients = createRateLimit({
    name: "client",
    per_second: CLIENT_RATE_LIMIT_PER_SECOND,
    burst_seconds: CLIENT_BURST_SECONDS,
  });
  const strangers = createRateLimit({
    name: "address",
    per_second: WRONG_KEYS_PER_SECOND,
    burst_seconds: PATIENCE_SECONDS,
  });

  function guardAddress(address: string): void {
    const wait = strangers?.bucket(address).wait_seconds() ?? 0;
    if (wait === 0) return;
    throw new AppError("throttled", "too many requests with wrong credentials came from this address", {
      retry_after: wait,
    });
  }

  const tooManyRecords = `more than ${RATE_LIMIT_PER_SECOND} records per second came with this credential`;
  const tooManyRequests = `more than ${CLIENT_RATE_LIMIT_PER_SECOND} requests per second came from this`;
  const tooManyOfUser = `${tooManyRequests} user`;
  const tooManyOfAddress = `${tooManyRequests} address without a user token`;

  /** The limit that a claim counts against; null: none. */
  function limitOf({ auth, counted }: Claim, { ip }: FastifyRequest) {
    if (counted === undefined) {
      return records === null
        ? null
        : { policy: records.policy, bucket: records.bucket(auth.principal), text: tooManyRecords };
    }
    if (clients === null) return null;
    const text = counted === null ? tooManyOfAddress : tooManyOfUser;
    const bucket = clients.bucket(counted ?? `${auth.principal} ${networkOf(ip)}`);
    return { policy: clients.policy, bucket, text };
  }

  /**
   * What becomes of a refusal: one of a wrong credential counts against the address. A user's token that has expired does
   * not: the people of a whole office may come from one address, and a signature cannot be guessed.
   */
  function noted(error: unknown, address: string): unknown {
    if (!(error instanceof AppError) || error.status !== 401 || error.code === "token_invalid") return error;
    try {
      guardAddress(address);
    } catch (refusal) {
      return refusal;
    }
    strangers?.bucket(address).take(1);
    return error;
  }

  return {
    async admit(registered, request, reply) {
      const { surface, route } = registered;
      const { method, originalUrl: url, headers, id: request_id } = request;
      const params = request.params as Record<string, string>;
      const family = route.family ?? surface.family;
      const address = networkOf(request.ip);
      const peer = request.socket.remoteAddress ?? "";
      const beforeLookup = () => guardAddress(address);
      let claim: Claim;
      try {
        const authenticate = route.authenticate ?? surface.authenticate;
        claim = await authenticate(
          { method, url, headers, params, address, peer, request_id, family, beforeLookup },
          services,
        );
      } catch (error) {
        throw noted(error, address);
      }
      authorize(registered, claim.auth, request.query as Record<string, unknown>);
      const limit = limitOf(claim, request);
      if (limit === null) return claim;
      const { bucket, policy, text } = limit;
      const wait = bucket.wait_seconds();
      void reply.header("ratelimit-policy", policy).header("ratelimit", bucket.remaining());
      if (wait === 0) return claim;
      throw new AppError("throttled", `${text}; send again after ${wait} s`, { retry_after: wait });
    },
    confirm(claim, request, body) {
      try {
        claim.confirm?.(body);
      } catch (error) {
        throw noted(error, networkOf(request.ip));
      }
      // Only now: who cannot sign must not use up the limit of who can.
      limitOf(claim, request)?.bucket.take(1);
    },
    charge(claim, count, request, reply) {
      const bucket = count < 2 ? undefined : limitOf(claim, request)?.bucket;
      if (bucket === undefined) return;
      bucket.take(count - 1);
      void reply.header("ratelimit", bucket.remaining());
    },
  };
}

/** Who has one address of IPv6 has 2^64 of them: those count as one. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address.replace(/^::ffff:/i, "");
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? 0 : tail.split(":").length;
    while (groups.length < 8 - after) groups.push("0");
  }
  return groups.slice(0, 4).join(":");
}
