import { errors, jwtVerify, type JWTPayload } from "jose";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import { AppError } from "../../errors.ts";
import type { VerifyingKey } from "../../workspaces/keys.ts";

/** Whom a token is for. */
export interface TokenPerson {
  distinct_id: string;
  /** Where the person may act; empty: nowhere. */
  tenants: readonly string[];
  /** When the token ends, in seconds since 1970. */
  expires_at: number;
}

/** Clocks of servers differ by so much. */
const LATE_SECONDS = 10;
const EARLY_SECONDS = 300;

/** A time in seconds is below this until the year 5138; one in milliseconds has been above it since 1973. */
const MILLISECONDS = 1e11;

/**
 * The claims of a token that a customer's server has signed for one user (client-protocols.md §2.1): ES256 and no other
 * algorithm, whatever its header says. Any of `keys` may have signed it. Throws `token_invalid`, of which clients know
 * that a new token may help.
 */
export async function verifyUserToken(token: string, keys: readonly VerifyingKey[]): Promise<TokenPerson> {
  for (const { key } of keys) {
    const claims = await claimsOf(token, key);
    if (claims !== null) return readClaims(claims);
  }
  throw invalidToken(
    keys.length === 0
      ? "the workspace has no signing key"
      : "it is signed by none of the workspace's signing keys",
  );
}

export function invalidToken(reason: string, cause?: unknown): AppError {
  return new AppError("token_invalid", `invalid user token: ${reason}`, { cause });
}

/** Null: another key has signed it. */
async function claimsOf(token: string, key: VerifyingKey["key"]): Promise<JWTPayload | null> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["ES256"],
      requiredClaims: ["exp"],
      clockTolerance: LATE_SECONDS,
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return null;
    throw invalidToken(reasonOf(error), error);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JOSEAlgNotAllowed) return "alg must be ES256";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === "missing") return `${error.claim} is missing`;
    return error.reason === "invalid" ? `${error.claim} must be a number` : `${error.claim} is in the future`;
  }
  return "it is no signed JSON Web Token";
}

function readClaims({ entity_type, entity_id, exp = 0, iat, scope }: JWTPayload): TokenPerson {
  if (entity_type !== "subscriber") throw invalidToken("entity_type must be 'subscriber'");
  // Ids that are numbers in a customer's database often stay so in its tokens.
  const distinct_id = typeof entity_id === "number" ? String(entity_id) : entity_id;
  if (typeof distinct_id !== "string" || distinct_id === "")
    throw invalidToken("entity_id must be a user's id");
  if (exp >= MILLISECONDS) throw invalidToken("exp must be in seconds, and is in milliseconds");
  if (iat !== undefined && iat > Date.now() / 1000 + EARLY_SECONDS) {
    throw invalidToken("iat is in the future: correct the clock of the server that signs, or give seconds");
  }
  return { distinct_id, tenants: readTenants(scope), expires_at: exp };
}

/** Without a tenant the default one, and never more than is written. */
function readTenants(scope: unknown): string[] {
  if (scope === undefined || scope === null) return [DEFAULT_TENANT];
  if (typeof scope !== "object" || Array.isArray(scope)) throw invalidToken("scope must be an object");
  const { tenant_id } = scope as { tenant_id?: unknown };
  if (tenant_id === undefined || tenant_id === null || tenant_id === "") return [DEFAULT_TENANT];
  const tenants: unknown[] = Array.isArray(tenant_id) ? tenant_id : [tenant_id];
  return tenants.map((tenant) => {
    if (typeof tenant === "string" && tenant !== "") return tenant;
    throw invalidToken("scope.tenant_id must be a tenant's id, or an array of them");
  });
}
