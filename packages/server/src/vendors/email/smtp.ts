import { domainToASCII } from "node:url";
import type { NodemailerError, SendMailOptions, Transporter } from "nodemailer";
import { createTransport } from "nodemailer";
import { z } from "zod";
import type { Mailbox } from "../../core/mailbox.ts";
import type { Email } from "../../delivery/vendor/email.ts";
import { readEmail, senderFields } from "../../delivery/vendor/email.ts";
import { hideSecrets } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type {
  Ambiguous,
  AttachedFile,
  Failed,
  FailureClass,
  Outcome,
  OutgoingMessage,
  VendorConnection,
  Verification,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";

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
});

type Config = z.output<typeof config>;

/**
 * Any mail server that speaks SMTP, over a pool of connections that stay open between mails.
 *
 * The recipient and the copies (extra_to, cc, bcc) are two transactions with the same mail. In one transaction a
 * recipient deferred beside an accepted copy could only be retried by sending the copy twice, and a refused copy would
 * blur the recipient's result. So the outcome is the recipient's alone; copies go out once, after the recipient's mail
 * was accepted, and the server's response to them changes nothing.
 */
export default defineVendor({
  slug: "smtp-email",
  vendor: "smtp",
  channel: "email",
  name: "SMTP",
  config,
  open,
});

function open(settings: Config): VendorConnection {
  /** The signals of transactions whose mail was written to its last byte: it may have been accepted. */
  const written = new WeakSet<AbortSignal>();
  const sending = new Set<Promise<Outcome>>();
  const pool = createPool(settings);
  pool.use("stream", ({ message, data: { signal } }, done) => {
    message.processFunc((mail) => mail.once("end", () => signal && written.add(signal)));
    done(null);
  });

  const transact = async (mail: SendMailOptions, signal: AbortSignal): Promise<Outcome> => {
    // A separate signal, to distinguish this transaction from others of the same call.
    const own = AbortSignal.any([signal]);
    try {
      const { response = "" } = await pool.sendMail({ ...mail, signal: own });
      return { kind: "sent", vendor_message_id: queueId(response) };
    } catch (error) {
      return failureOf(error as NodemailerError, settings.password, written.has(own));
    }
  };

  const send = async (message: OutgoingMessage, signal: AbortSignal): Promise<Outcome> => {
    const read = readEmail(message, settings);
    if (!read.ok) {
      return read.failure;
    }
    const { email } = read;
    const mail = compose(message.message_id, email, message.attachments);
    const to = (mailboxes: Mailbox[]): SendMailOptions => ({
      ...mail,
      envelope: { from: email.from.address, to: mailboxes.map(({ address }) => address) },
    });
    const outcome = await transact(to([email.to]), signal);
    const copies = [...email.extra_to, ...email.cc, ...email.bcc];
    if (outcome.kind === "sent" && copies.length > 0) {
      await transact(to(copies), signal);
    }
    return outcome;
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

function createPool(settings: Config): Transporter {
  return createTransport({
    pool: true,
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
    dnsTimeout: 10_000,
    connectionTimeout: 15_000,
    greetingTimeout: 15_000,
    socketTimeout: 60_000,
  });
}

function compose(messageId: string, email: Email, files: AttachedFile[]): SendMailOptions {
  const domain = email.from.address.slice(email.from.address.lastIndexOf("@") + 1);
  return {
    messageId: `<${messageId}@${domainToASCII(domain) || "localhost"}>`,
    from: email.from,
    to: [email.to, ...email.extra_to],
    cc: email.cc,
    replyTo: email.reply_to,
    subject: email.subject,
    text: email.text,
    ...(email.html === null ? {} : { html: email.html }),
    attachments: files.map(({ filename, content_type, bytes }) => ({
      filename,
      contentType: content_type,
      content: bytes,
    })),
    // Content comes from templates and must not name a file or an address to read.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
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
  const [code, kind] = WITHOUT_REPLY[error.code ?? ""] ?? ["invalid_mail", "message"];
  if (written) {
    return { kind: "ambiguous", code, message };
  }
  const refused = error.originalCode === "ECONNREFUSED";
  return { kind: "failed", class: kind, code: refused ? "connection_refused" : code, message };
}

/** Our code and class by nodemailer's code. Any other code failed while the mail was put together. */
const WITHOUT_REPLY: Record<string, [string, FailureClass]> = {
  EABORT: ["aborted", "transient"],
  ECONNECTION: ["connection_lost", "transient"],
  EDNS: ["dns_failed", "transient"],
  EPROTOCOL: ["bad_reply", "transient"],
  ESOCKET: ["connection_failed", "transient"],
  ETIMEDOUT: ["timeout", "transient"],
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
