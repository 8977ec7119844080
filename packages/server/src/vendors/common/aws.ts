import { AwsV4Signer } from "aws4fetch";
import { decodeXML } from "entities";
import { z } from "zod";
import { exchange, refusalOf, type VendorCall, type VendorReply } from "../../delivery/vendor/call.ts";
import { failure } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { Failed, Outcome, Sent, VendorDeps } from "../../delivery/vendor/vendor.ts";

/*
 * An account of AWS, on any channel: signed requests, by the keys of an IAM user or as a role that this user assumes.
 */

/** The settings of the account. */
export const awsFields = {
  region: z
    .string()
    .trim()
    .regex(/^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/, "not an AWS region, such as eu-west-1")
    .meta({ title: "AWS region", description: "Such as eu-west-1." }),
  access_key_id: z
    .string()
    .trim()
    .regex(/^\w{16,128}$/, "not an access key ID")
    .meta({ title: "Access key ID", description: "Of an IAM user." }),
  secret_access_key: secret().meta({ title: "Secret access key" }),
  role_arn: z
    .string()
    .trim()
    .regex(/^(?:arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576})?$/, "not the ARN of a role")
    .default("")
    .meta({
      title: "Role ARN",
      description: "The role that the user of the keys assumes. Blank: the user's own permissions are used.",
    }),
  external_id: z
    .string()
    .trim()
    .regex(/^(?:[\w+=,.@:/-]{2,1224})?$/, "not an external ID")
    .default("")
    .meta({ title: "External ID", description: "As the role's trust policy demands. Only with a role." }),
  session_seconds: z.number().int().min(900).max(43_200).default(3600).meta({
    title: "Session duration in seconds",
    description: "At most the maximum session duration of the role. Only with a role.",
  }),
};

export type AwsSettings = z.output<z.ZodObject<typeof awsFields>>;

/** A request to one of AWS's services in the account's region. */
export interface AwsCall extends Omit<VendorCall, "json" | "form"> {
  /** As it is signed for: `ses`. */
  service: string;
  /** Blank: none. */
  body: string;
}

export interface AwsAccount {
  /** An outcome instead of a reply: there was none. */
  call: (call: AwsCall, signal: AbortSignal) => Promise<VendorReply | Exclude<Outcome, Sent>>;
  /** Values that must not show in an outcome: errors about signatures repeat what was signed. */
  secrets: () => readonly string[];
}

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

interface Session {
  credentials: Credentials;
  /** In milliseconds since 1970. */
  expires_at: number;
}

/** A role's session is replaced this long before it ends. */
const EARLY_MS = 5 * 60_000;

/** Keeps the session of an assumed role; calls that need one at the same time wait for the same request. */
export function openAws(settings: AwsSettings, { http, now }: VendorDeps): AwsAccount {
  const { region, access_key_id, secret_access_key } = settings;
  const user: Credentials = { accessKeyId: access_key_id, secretAccessKey: secret_access_key };
  const keys = new Map<string, ArrayBuffer>();
  let session: Session | null = null;
  let wanted: Promise<Session | Failed> | null = null;

  const secrets = (): string[] => {
    const { secretAccessKey = "", sessionToken = "" } = session?.credentials ?? {};
    return [secret_access_key, secretAccessKey, sessionToken];
  };

  async function sign({ body, ...call }: AwsCall, credentials: Credentials): Promise<VendorCall> {
    const signer = new AwsV4Signer({
      ...credentials,
      method: call.method ?? "POST",
      url: call.url,
      headers: { ...call.headers },
      body,
      service: call.service,
      region,
      cache: keys,
      datetime: new Date(now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
    });
    const { headers } = await signer.sign();
    return { ...call, headers: Object.fromEntries(headers), ...(body === "" ? {} : { body }) };
  }

  async function findSession(): Promise<Session | Failed> {
    if (session !== null && session.expires_at - EARLY_MS > now()) return session;
    wanted ??= assumeRole().finally(() => {
      wanted = null;
    });
    return wanted;
  }

  async function assumeRole(): Promise<Session | Failed> {
    const form = new URLSearchParams({
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: settings.role_arn,
      RoleSessionName: "carillon",
      DurationSeconds: String(settings.session_seconds),
      ...(settings.external_id === "" ? {} : { ExternalId: settings.external_id }),
    });
    const call: AwsCall = {
      service: "sts",
      url: `${awsUrl("sts", region)}/`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    };
    // Several messages wait for it, so it has a time limit of its own.
    const reply = await exchange(http, await sign(call, user), AbortSignal.timeout(STS_TIMEOUT_MS));
    // A request for a session sends nothing, so the message may be tried again.
    if ("kind" in reply)
      return failure(reply.kind === "failed" ? reply.class : "transient", reply.code, reply.message);
    const [accessKeyId = "", secretAccessKey = "", sessionToken = "", expiration = ""] = SESSION_FIELDS.map(
      (name) => xmlText(reply.body, name),
    );
    const expires_at = Date.parse(expiration);
    if (reply.status !== 200 || secretAccessKey === "" || Number.isNaN(expires_at)) return refusedRole(reply);
    keys.clear();
    session = { credentials: { accessKeyId, secretAccessKey, sessionToken }, expires_at };
    return session;
  }

  function refusedRole(reply: VendorReply): Failed {
    const code = xmlText(reply.body, "Code") || `sts_http_${reply.status}`;
    const text = xmlText(reply.body, "Message") || `STS answered HTTP ${reply.status}`;
    const kind = awsClass(code, reply.status) ?? "config";
    return refusalOf(reply, { class: kind, code, message: `the role was not assumed: ${text}` }, secrets());
  }

  return {
    async call(call, signal) {
      if (settings.role_arn === "") return exchange(http, await sign(call, user), signal);
      const held = await findSession();
      return "kind" in held ? held : exchange(http, await sign(call, held.credentials), signal);
    },
    secrets,
  };
}

const STS_TIMEOUT_MS = 15_000;
const SESSION_FIELDS = ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"];

/** The address of a service in a region, without a slash at its end. */
export function awsUrl(service: string, region: string): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

/** Of https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html, and what services say of their limits. */
const CLASSES = new Map<string, Failed["class"]>([
  ["AccessDenied", "config"],
  ["AccessDeniedException", "config"],
  ["ExpiredToken", "config"],
  ["ExpiredTokenException", "config"],
  ["IncompleteSignature", "config"],
  ["InvalidClientTokenId", "config"],
  ["InvalidSignatureException", "config"],
  ["MissingAuthenticationToken", "config"],
  ["OptInRequired", "config"],
  ["SignatureDoesNotMatch", "config"],
  ["UnrecognizedClientException", "config"],
  // A clock that is off, here or there.
  ["RequestExpired", "transient"],
  ["InternalFailure", "transient"],
  ["InternalError", "transient"],
  ["ServiceUnavailable", "transient"],
  ["Throttling", "throttled"],
  ["ThrottlingException", "throttled"],
  ["Throttled", "throttled"],
  ["TooManyRequestsException", "throttled"],
  ["RequestLimitExceeded", "throttled"],
]);

/** What a code means that all services of AWS share; undefined: the service's own, or none. */
export function awsClass(code: string, status: number): Failed["class"] | undefined {
  return CLASSES.get(code) ?? (status >= 500 ? "transient" : undefined);
}

/** The text of the first element of that name in a reply of one of the older services; "" if there is none. */
export function xmlText(xml: string, name: string): string {
  const open = xml.indexOf(`<${name}>`);
  const close = open < 0 ? -1 : xml.indexOf(`</${name}>`, open);
  return close < 0 ? "" : decodeXML(xml.slice(open + name.length + 2, close).trim());
}
