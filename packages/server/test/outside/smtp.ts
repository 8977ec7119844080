import { createHash } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import type { SMTPServerAddress, SMTPServerOptions, SMTPServerSession } from "smtp-server";
import { SMTPServer } from "smtp-server";
import type { z } from "zod";
import type { JsonObject } from "../../src/core/json.ts";
import { dial as loopbackDial, scriptedHttp } from "./vendor-contract.ts";
import type { AttachedFile, Outcome, OutgoingMessage } from "../../src/delivery/vendor/vendor.ts";
import smtp from "../../src/vendors/email/smtp.ts";

/*
 * What the tests of the SMTP vendor share: a real mail server on loopback with scripted behaviour, a connection to it,
 * and a mail to send.
 */

export interface Mail {
  from: string;
  to: string[];
  raw: string;
}

export interface MailServer extends AsyncDisposable {
  port: number;
  mails: Mail[];
  sockets: Set<Socket>;
  connections: () => number;
}

/** A real mail server on loopback. Unencrypted and without users unless the options say otherwise. */
export async function serveMail(
  options: SMTPServerOptions = {},
  reply = "Ok: queued as 4Q7xYz0001",
): Promise<MailServer> {
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: true,
    // Must not be ended by destroying its sockets: during a TLS handshake that ends the process too.
    closeTimeout: 50,
    onData: (stream, session, done) => {
      const keep = async (): Promise<void> => {
        mails.push({ ...envelopeOf(session), raw: await text(stream) });
        done(null, reply);
      };
      void keep();
    },
    ...options,
  });
  // Broken client connections are not failures of the server.
  server.on("error", () => {});
  server.server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    sockets,
    connections: () => connections,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(resolve)),
  };
}

function envelopeOf({ envelope }: SMTPServerSession): { from: string; to: string[] } {
  const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
  return { from, to: envelope.rcptTo.map(({ address }) => address) };
}

/** A server that refuses like a real one: `550 5.1.1 no such user`. */
export function refusal(reply: string): Error {
  return Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) });
}

export const refuseRecipients =
  (replies: Record<string, string>): NonNullable<SMTPServerOptions["onRcptTo"]> =>
  ({ address }: SMTPServerAddress, _session, done) => {
    const reply = replies[address];
    done(reply === undefined ? null : refusal(reply));
  };

export type SmtpSettings = Partial<z.input<typeof smtp.config>>;

export function connectTo({ port }: { port: number }, settings: SmtpSettings = {}, dial = loopbackDial) {
  const config = smtp.config.parse({
    host: "127.0.0.1",
    port,
    encryption: "none",
    from_name: "Acme",
    from_email: "hello@acme.test",
    ...settings,
  });
  const http = scriptedHttp(() => {
    throw new Error("a mail server is not called over HTTP");
  });
  const connection = smtp.open(config, { http, dial, now: Date.now });
  return { ...connection, [Symbol.asyncDispose]: async () => connection.close?.() };
}

const rendered = {
  from_name: null,
  from_address: null,
  extra_to: [],
  cc: [],
  bcc: [],
  reply_to: null,
  subject: "Hello",
  html: "<p>Hello</p>",
  text: "Hello",
};

export function mailMessage(content: JsonObject = {}, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    message_id: "01JD0000000000000000000000",
    workspace: "w",
    tenant_id: "default",
    recipient: "user-1",
    category: "transactional",
    attempt: 1,
    to: "ann@example.com",
    content: { ...rendered, ...content },
    attachments: [],
    only_to: null,
    callback_url: null,
    ...more,
  };
}

export function attached(filename: string, content_type: string, content: string | Buffer): AttachedFile {
  const bytes = Buffer.from(content);
  return { filename, content_type, bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** For calls that are never aborted. */
export const never = new AbortController().signal;

/** The outcome of one mail to a server with scripted behaviour. */
export async function sendTo(options: SMTPServerOptions, settings: SmtpSettings = {}): Promise<Outcome> {
  await using server = await serveMail(options);
  await using connection = connectTo(server, settings);
  return await connection.send(mailMessage(), never);
}

/** Headers of a raw mail, unfolded, by lower-case name. */
export function headersOf(raw: string): Record<string, string> {
  const lines = raw
    .slice(0, raw.indexOf("\r\n\r\n"))
    .replaceAll(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
  );
}

/** A minimal server, for behaviour that the real one does not have. An undefined reply: silence. */
export async function serveLines(
  answer: (line: string, socket: Socket) => string | undefined,
): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write("220 raw\r\n");
    socket.on("data", (chunk: Buffer) => {
      for (const line of chunk.toString().split("\r\n").filter(Boolean)) {
        const reply = answer(line, socket);
        if (reply !== undefined && !socket.destroyed) {
          socket.write(`${reply}\r\n`);
        }
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
      await once(server, "close");
    },
  };
}
