import { ownValue } from "../../delivery/vendor/call.ts";
import type { Socket } from "node:net";
import { callbackify } from "node:util";
import type { NodemailerError, SendMailOptions, Transporter } from "nodemailer";
import { createTransport } from "nodemailer";
import { z } from "zod";
import type { Mailbox } from "../../core/mailbox.ts";
import type { Email } from "../../delivery/vendor/email.ts";
import { isAscii, readEmail, senderFields, wireAddress } from "../../delivery/vendor/email.ts";
import type { Dial } from "../../delivery/http/dial.ts";
import { BlockedAddress } from "../../delivery/http/guarded-connector.ts";
import { failure, hideSecrets } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import { trackingFields, trackingOf } from "../../delivery/vendor/tracking.ts";
import type {
  Ambiguous,
  AttachedFile,
  Failed,
  FailureClass,
  Outcome,
  OutgoingMessage,
  UndeliveredCopy,
  VendorConnection,
  VendorDeps,
  Verification,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { mimeOf } from "../common/email/mime.ts";

const config = z.object({
  host: z
    .string()
    .trim()
    .regex(/^[\p{L}\p{N}._:-]{1,253}$/u, "not a host name or an address")
    .meta({ title: "Host" }),
  port: z.number().int().min(1).max(65_535).default(587).meta({ title: "Port" }),
  encryption: z.enum(["starttls", "tls", "none"]).default("starttls").meta({
    title: "Encryption",
    description:
      "starttls is required, not tried: without it nothing is sent. tls starts encrypted (port 465).",
  }),
  username: z.string().default("").meta({ title: "User name", description: "Blank: no authentication." }),
  password: secret(z.string()).default("").meta({ title: "Password" }),
  ...senderFields,
  ehlo_name: z
    .string()
    .regex(/^[\w.:[\]-]{0,255}$/, "not a host name")
    .default("")
    .meta({ title: "EHLO name", description: "How this server introduces itself. Blank: its host name." }),
  pool_size: z.number().int().min(1).max(100).default(5).meta({ title: "Connections" }),
  allow_self_signed: z.boolean().default(false).meta({
    title: "Allow self-signed certificates",
    description: "Gives up the protection against a server in the middle.",
  }),
  ...trackingFields,
});

type Config = z.output<typeof config>;

/**
 * Any mail server that speaks SMTP, over a pool of connections that stay open between mails.
 *
 * The recipient and the copies (extra_to, cc, bcc) are different transactions with the same mail. In one transaction a
 * recipient deferred beside an accepted copy could only be retried by sending the copy twice, and a refused copy would
 * blur the recipient's result. So the outcome is the recipient's, and names the copies that did not go out with it.
 *
 * Addresses outside ASCII (https://www.rfc-editor.org/rfc/rfc6531) have transactions of their own: they need a server
 * that offers SMTPUTF8, which only the connection in use can say, and only an envelope that has one announces it.
 */
export default defineVendor({
  slug: "smtp-email",
  vendor: "smtp",
  channel: "email",
  name: "SMTP",
  config,
  tracking: trackingOf,
  open,
});

function open(settings: Config, { dial }: VendorDeps): VendorConnection {
  /** The signals of transactions whose mail was written to its last byte: it may have been accepted. */
  const written = new WeakSet<AbortSignal>();
  /** The signals of transactions that were not begun: the server has no SMTPUTF8. */
  const withoutUtf8 = new WeakSet<AbortSignal>();
  const sending = new Set<Promise<Outcome>>();
  const pool = createPool(settings, dial);
  pool.use("stream", (mail, done) => {
    const { message, data } = mail;
    const { signal } = data;
    message.processFunc((stream) => stream.once("end", () => signal && written.add(signal)));
    // Asked for when the connection is known and ready, before the first command.
    const getEnvelope = message.getEnvelope.bind(message);
    message.getEnvelope = () => {
      const envelope = getEnvelope();
      if (!isInternational(envelope) || offersUtf8(pool, mail)) return envelope;
      if (signal) withoutUtf8.add(signal);
      return REFUSED_ENVELOPE;
    };
    done(null);
  });

  const transact = async (mail: Mail, signal: AbortSignal): Promise<Transaction> => {
    // A separate signal, to distinguish this transaction from others of the same call.
    const own = AbortSignal.any([signal]);
    const failed = (error: NodemailerError) =>
      withoutUtf8.has(own) ? noUtf8(mail) : failureOf(error, settings.password, written.has(own));
    try {
      const { response = "", rejectedErrors = [] } = await pool.sendMail({ ...mail, signal: own });
      const outcome: Outcome = { kind: "sent", vendor_message_id: queueId(response) };
      return { outcome, rejected: byRecipient(rejectedErrors, failed) };
    } catch (cause) {
      const error = cause as NodemailerError;
      return { outcome: failed(error), rejected: byRecipient(error.rejectedErrors ?? [], failed) };
    }
  };

  /** The copies that did not go out. */
  const sendCopies = async (mail: Composed, copies: Mailbox[], signal: AbortSignal) => {
    const undelivered: UndeliveredCopy[] = [];
    for (const wide of [false, true]) {
      const group = copies.filter((copy) => isAscii(wireAddress(copy)) !== wide);
      if (group.length === 0) continue;
      const { outcome, rejected } = await transact(mail(group), signal);
      for (const { address } of group) {
        const answer = rejected.get(wireAddress({ address })) ?? outcome;
        if (answer.kind !== "sent") undelivered.push({ address, outcome: answer });
      }
    }
    return undelivered;
  };

  const send = async (message: OutgoingMessage, signal: AbortSignal): Promise<Outcome> => {
    const read = readEmail(message, settings);
    if (!read.ok) {
      return read.failure;
    }
    const { email } = read;
    const { only_to } = message;
    if (
      !isInternational(envelopeOf(email, [email.to])) &&
      email.reply_to.some((mailbox) => !isAscii(wireAddress(mailbox)))
    ) {
      return failure(
        "message",
        "invalid_reply_to",
        "a Reply-To address outside ASCII needs such a sender or recipient",
      );
    }
    const mail = compose(message.message_id, email, message.attachments);
    const outcome: Outcome =
      only_to === null
        ? (await transact(mail([email.to]), signal)).outcome
        : { kind: "sent", vendor_message_id: null };
    if (outcome.kind !== "sent") {
      return outcome;
    }
    const copies = [...email.extra_to, ...email.cc, ...email.bcc];
    const wanted = only_to === null ? copies : copies.filter(({ address }) => only_to.includes(address));
    const undelivered = await sendCopies(mail, wanted, signal);
    return undelivered.length === 0 ? outcome : { ...outcome, undelivered };
  };

  const verify = async (): Promise<Verification> => {
    try {
      await pool.verify();
      return { ok: true };
    } catch (error) {
      return { ok: false, message: failureOf(error as NodemailerError, settings.password, false).message };
    }
  };

  return {
    send: (message, signal) => {
      const outcome = send(message, signal);
      sending.add(outcome);
      return outcome.finally(() => sending.delete(outcome));
    },
    verify: (signal) => Promise.race([verify(), givenUp(signal)]),
    close: async () => {
      // Closing the pool would fail the mails that still wait in it. Their own signals end them at the latest.
      await Promise.allSettled(sending);
      pool.close();
    },
  };
}

function givenUp(signal: AbortSignal): Promise<Verification> {
  const verification: Verification = { ok: false, message: "the mail server did not answer in time" };
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(verification);
    } else {
      signal.addEventListener("abort", () => resolve(verification), { once: true });
    }
  });
}

/** What a server said to one transaction: about the mail, and about the addressees that it did not take. */
interface Transaction {
  outcome: Outcome;
  /** By address, as in the envelope. */
  rejected: Map<string, Failed | Ambiguous>;
}

function byRecipient(
  errors: NodemailerError[],
  failed: (error: NodemailerError) => Failed | Ambiguous,
): Transaction["rejected"] {
  return new Map(errors.map((error) => [error.recipient ?? "", failed(error)]));
}

const CONNECT_TIMEOUT_MS = 15_000;

type SocketReady = (error: Error | null, socket: { connection: Socket }) => void;

function createPool(settings: Config, dial: Dial): Transporter {
  const { host, port } = settings;
  const connect = callbackify(async () => ({
    connection: await dial({ host, port, timeout_ms: CONNECT_TIMEOUT_MS }),
  }));
  return createTransport({
    pool: true,
    getSocket: (_options: unknown, done: SocketReady) => connect(done),
    host: settings.host,
    port: settings.port,
    secure: settings.encryption === "tls",
    requireTLS: settings.encryption === "starttls",
    ignoreTLS: settings.encryption === "none",
    tls: { rejectUnauthorized: !settings.allow_self_signed, minVersion: "TLSv1.2" },
    ...(settings.ehlo_name === "" ? {} : { name: settings.ehlo_name }),
    ...(settings.username === "" ? {} : { auth: { user: settings.username, pass: settings.password } }),
    maxConnections: settings.pool_size,
    // The pool resends a mail only if not one byte of it was written: the server had closed an idle connection.
    maxRequeues: 2,
    greetingTimeout: 15_000,
    socketTimeout: 60_000,
  });
}

type Mail = SendMailOptions & { envelope: { from: string; to: string[] } };

/** The mail for some of its addressees. */
type Composed = (to: Mailbox[]) => Mail;

function compose(messageId: string, email: Email, files: AttachedFile[]): Composed {
  const mail = mimeOf(messageId, email, files);
  return (to) => {
    const envelope = envelopeOf(email, to);
    const is8bit = isInternational(envelope);
    // Headers may say no more than the envelope has announced.
    const shown = (mailboxes: Mailbox[]) =>
      mailboxes
        .map((mailbox) => ({ ...mailbox, address: wireAddress(mailbox) }))
        .filter(({ address }) => is8bit || isAscii(address));
    return {
      ...mail,
      envelope,
      from: { ...email.from, address: envelope.from },
      to: shown([email.to, ...email.extra_to]),
      cc: shown(email.cc),
      replyTo: shown(email.reply_to),
    };
  };
}

function envelopeOf(email: Email, to: Mailbox[]): { from: string; to: string[] } {
  return { from: wireAddress(email.from), to: to.map(wireAddress) };
}

function isInternational({ from, to }: { from: string | false; to: string[] }): boolean {
  return [from || "", ...to].some((address) => !isAscii(address));
}

/** The sender comes from the settings, or from a template that those who write them have to fix. */
function noUtf8({ envelope }: Mail): Failed {
  const text = "the mail server does not take addresses outside ASCII: it does not offer SMTPUTF8";
  return failure(isAscii(envelope.from) ? "recipient" : "config", "smtputf8_missing", text);
}

/** One that nodemailer itself refuses, before a command is written and without closing the connection. */
const REFUSED_ENVELOPE = { from: false as const, to: ["<>"] };

/** The part of nodemailer's pool that its types leave out. The version is pinned, and the tests detect a change. */
interface PoolInternals {
  _connections?: {
    queueEntry?: false | { mail: unknown };
    connection?: { _supportedExtensions?: string[] };
  }[];
}

/** Whether the connection that a mail was assigned to has announced SMTPUTF8: servers behind one name may differ. */
function offersUtf8(pool: Transporter, mail: unknown): boolean {
  const { _connections = [] } = pool.transporter as unknown as PoolInternals;
  const own = _connections.find(({ queueEntry }) => queueEntry !== false && queueEntry?.mail === mail);
  return own?.connection?._supportedExtensions?.includes("SMTPUTF8") === true;
}

/** Where servers report the id under which they queued a mail. */
const QUEUE_IDS = [
  /\bqueued as <?([\w.-]{4,100})/i, // Postfix, OpenSMTPD
  /\bid=([\w.-]{4,100})/, // Exim
  /\[InternalId=(\d+)/, // Exchange
  /^250 2\.\d\.\d (\w{6,100}) Message accepted/i, // sendmail
  /^250 Ok ([\da-f]+(?:-[\da-f]+)+)$/i, // Amazon SES
  /^250 2\.\d\.\d OK +\d+ ([\w.-]+) - gsmtp$/, // Gmail
];

function queueId(response: string): string | null {
  for (const pattern of QUEUE_IDS) {
    const id = pattern.exec(response.trim())?.[1];
    if (id !== undefined) {
      return id;
    }
  }
  return null;
}

function failureOf(error: NodemailerError, password: string, written: boolean): Failed | Ambiguous {
  const message = hideSecrets(error.response ?? error.message, [password]);
  if (error.responseCode !== undefined) {
    const { responseCode: code, response = "" } = error;
    const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
    return {
      kind: "failed",
      code: enhanced ?? String(code),
      message,
      ...judge(code, enhanced, stageOf(error)),
    };
  }
  if (error instanceof BlockedAddress) {
    return { kind: "failed", class: "config", code: "blocked_address", message };
  }
  const [code, kind] = ownValue(WITHOUT_REPLY, error.code ?? "") ?? ["invalid_mail", "message"];
  // What is not SMTP is not repeated: settings must not read what other services say.
  const shown = code === "bad_reply" ? "the server does not speak SMTP" : message;
  if (written) {
    return { kind: "ambiguous", code, message: shown };
  }
  return { kind: "failed", class: kind, code, message: shown };
}

/** Our code and class by nodemailer's code. Any other code failed while the mail was put together. */
const WITHOUT_REPLY: Record<string, [string, FailureClass]> = {
  EABORT: ["aborted", "transient"],
  ECONNECTION: ["connection_lost", "transient"],
  EDNS: ["dns_failed", "transient"],
  EPROTOCOL: ["bad_reply", "transient"],
  ESOCKET: ["connection_failed", "transient"],
  ETIMEDOUT: ["timeout", "transient"],
  // The first three are those of a socket that could not be opened.
  ECONNREFUSED: ["connection_refused", "transient"],
  ENOTFOUND: ["dns_failed", "transient"],
  EAI_AGAIN: ["dns_failed", "transient"],
  ETLS: ["tls_failed", "transient"],
  EAUTH: ["no_credentials", "config"],
  ECONFIG: ["invalid_config", "config"],
};

type Stage = "connect" | "auth" | "mail" | "rcpt" | "data";

function stageOf({ command = "" }: NodemailerError): Stage {
  if (command.startsWith("AUTH")) {
    return "auth";
  }
  const stages: Record<string, Stage> = { "MAIL FROM": "mail", "RCPT TO": "rcpt", DATA: "data" };
  return stages[command] ?? "connect";
}

/** The mailbox or its domain does not exist, or no longer accepts mail. */
const DEAD = new Set(["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"]);

/** Our login, or what our domain publishes about itself (SPF, DKIM, DMARC, reverse DNS). */
const OURS = /^5\.(?:1\.[78]|7\.(?:3|8|9|11|14|2\d|57|60))$/;

/**
 * What a refusal means: https://www.rfc-editor.org/rfc/rfc3463 for the enhanced codes, and what servers do in practice
 * if there is only a basic code.
 */
export function judge(
  code: number,
  enhanced: string | undefined,
  stage: Stage,
): { class: FailureClass; inactivate?: true } {
  // 503 means that the session, not the mail, was in the wrong state.
  if (code < 500 || code === 503 || enhanced?.startsWith("4.") === true) {
    return { class: "transient" };
  }
  if (stage === "connect" || stage === "auth" || [530, 534, 535, 538].includes(code)) {
    return { class: "config" };
  }
  if (enhanced !== undefined && OURS.test(enhanced)) {
    return { class: "config" };
  }
  if (stage === "mail") {
    return { class: code === 552 || enhanced === "5.3.4" ? "message" : "config" };
  }
  if (enhanced !== undefined && DEAD.has(enhanced)) {
    return { class: "recipient", inactivate: true };
  }
  // A full mailbox may be emptied, and another mail may be small enough.
  if (code === 552 || enhanced === "5.2.2" || enhanced === "5.2.3") {
    return { class: "message" };
  }
  if (enhanced !== undefined && /^5\.[124]\./.test(enhanced)) {
    return { class: "recipient" };
  }
  const unexplained = enhanced === undefined || enhanced === "5.0.0";
  const aboutRecipient = stage === "rcpt" && [501, 521, 550, 551, 553, 556].includes(code);
  return { class: unexplained && aboutRecipient ? "recipient" : "message" };
}
