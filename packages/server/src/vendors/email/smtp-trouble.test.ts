import type { LookupAddress, lookup as resolver } from "node:dns";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { SMTPServerOptions } from "smtp-server";
import { describe, expect, it } from "vitest";
import { LOOPBACK_TLS } from "../../../test/outside/loopback-tls.ts";
import type { SmtpSettings } from "../../../test/outside/smtp.ts";
import {
  attached,
  connectTo,
  mailMessage,
  never,
  refusal,
  refuseRecipients,
  sendTo,
  serveLines,
  serveMail,
} from "../../../test/outside/smtp.ts";
import { createDial } from "../../delivery/http/dial.ts";
import type { Outcome } from "../../delivery/vendor/vendor.ts";

describe("a refusal", () => {
  it("of the greeting is about us or about now", async () => {
    const greet = (reply: string): SMTPServerOptions => ({ onConnect: (_, done) => done(refusal(reply)) });
    expect(await sendTo(greet("554 no service for you"))).toMatchObject({ class: "config", code: "554" });
    expect(await sendTo(greet("421 4.7.0 too many connections"))).toMatchObject({
      class: "transient",
      code: "4.7.0",
    });
  });

  it("of the login is about the settings, unless it is temporary, and never shows the password", async () => {
    const login = (reply: string): SMTPServerOptions => ({
      onAuth: ({ password }, _, done) => done(refusal(`${reply} for ${password}`)),
    });
    const settings = { username: "user", password: "correct horse" };
    expect(await sendTo(login("535 5.7.8 bad credentials"), settings)).toEqual({
      kind: "failed",
      class: "config",
      code: "5.7.8",
      message: "535 5.7.8 bad credentials for ********",
    });
    expect(await sendTo(login("454 4.7.0 try later"), settings)).toMatchObject({ class: "transient" });
  });

  it("of the sender is about the settings", async () => {
    const options: SMTPServerOptions = {
      onMailFrom: (_, __, done) => done(refusal("550 5.7.60 not allowed to send as this sender")),
    };
    expect(await sendTo(options)).toMatchObject({ class: "config", code: "5.7.60" });
  });

  it("of the recipient says whether the address is dead", async () => {
    const about = (reply: string): Promise<Outcome> =>
      sendTo({ onRcptTo: refuseRecipients({ "ann@example.com": reply }) });
    expect(await about("550 5.1.1 no such user")).toEqual({
      kind: "failed",
      class: "recipient",
      inactivate: true,
      code: "5.1.1",
      message: "550 5.1.1 no such user",
    });
    expect(await about("552 5.2.2 mailbox full")).toMatchObject({ class: "message", code: "5.2.2" });
    expect(await about("451 4.7.1 greylisted")).toMatchObject({ class: "transient", code: "4.7.1" });
    expect(await about("550 go away")).toMatchObject({ class: "recipient", code: "550" });
  });

  it("of the content is about the message", async () => {
    const about = (reply: string): Promise<Outcome> =>
      sendTo({ onData: (stream, _, done) => void stream.resume().once("end", () => done(refusal(reply))) });
    expect(await about("554 5.6.0 no")).toMatchObject({ kind: "failed", class: "message", code: "5.6.0" });
    expect(await about("452 4.3.1 disk full")).toMatchObject({ kind: "failed", class: "transient" });
    expect(await about("421 4.3.2 shutting down")).toMatchObject({ kind: "failed", class: "transient" });
  });

  it("does not cost the connection", async () => {
    await using server = await serveMail({
      onRcptTo: refuseRecipients({ "bad@example.com": "550 5.1.1 no" }),
    });
    await using connection = connectTo(server, { pool_size: 1 });
    await connection.send(mailMessage({}, { to: "bad@example.com" }), never);
    expect(await connection.send(mailMessage(), never)).toMatchObject({ kind: "sent" });
    expect(server.connections()).toBe(1);
  });

  it("comes from here for an address that is none", async () => {
    await using connection = connectTo({ port: 1 });
    expect(await connection.send(mailMessage({}, { to: "nobody" }), never)).toMatchObject({
      class: "recipient",
      code: "invalid_address",
    });
    expect(await connection.send(mailMessage({ from_address: "nobody" }), never)).toMatchObject({
      class: "message",
    });
  });
});

describe("encryption", () => {
  const withTls: SMTPServerOptions = { ...LOOPBACK_TLS, disabledCommands: [], allowInsecureAuth: false };
  const settings: SmtpSettings = { encryption: "starttls", allow_self_signed: true };

  it("is started before the login and the mail", async () => {
    let secure: boolean[] = [];
    const options: SMTPServerOptions = {
      ...withTls,
      authOptional: false,
      onAuth: ({ username, password }, session, done) => {
        secure = [...secure, session.secure];
        done(null, { user: username === "user" && password === "pass" ? "user" : undefined });
      },
    };
    expect(await sendTo(options, { ...settings, username: "user", password: "pass" })).toMatchObject({
      kind: "sent",
    });
    expect(secure).toEqual([true]);
  });

  it("can be there from the first byte", async () => {
    expect(
      await sendTo({ ...LOOPBACK_TLS, secure: true }, { encryption: "tls", allow_self_signed: true }),
    ).toMatchObject({
      kind: "sent",
    });
  });

  it("is not replaced by plain text where the server has none", async () => {
    expect(await sendTo({ disabledCommands: ["STARTTLS"] }, settings)).toMatchObject({ class: "config" });
  });

  it("waits for a server that cannot start it now", async () => {
    await using server = await serveLines((line) =>
      line.startsWith("EHLO")
        ? "250-hi\r\n250 STARTTLS"
        : line.startsWith("STARTTLS")
          ? "454 4.7.0 not now"
          : "250 ok",
    );
    await using connection = connectTo(server, settings);
    expect(await connection.send(mailMessage(), never)).toMatchObject({ class: "transient", code: "4.7.0" });
  });

  it("is not trusted with a self-signed certificate, unless the settings say so", async () => {
    expect(await sendTo(withTls, { encryption: "starttls" })).toMatchObject({
      kind: "failed",
      class: "transient",
    });
    expect(await sendTo({ ...LOOPBACK_TLS, secure: true }, { encryption: "tls" })).toMatchObject({
      kind: "failed",
      class: "transient",
    });
  });
});

describe("a broken connection", () => {
  it("that was never established fails temporarily", async () => {
    const server = await serveMail();
    await server[Symbol.asyncDispose]();
    await using connection = connectTo(server);
    expect(await connection.send(mailMessage(), never)).toMatchObject({
      class: "transient",
      code: "connection_refused",
    });
  });

  it("before the mail was written fails temporarily", async () => {
    await using server = await serveLines((line, socket) => {
      if (line.startsWith("RCPT")) {
        socket.destroy();
      }
      return "250 ok";
    });
    await using connection = connectTo(server);
    expect(await connection.send(mailMessage(), never)).toMatchObject({ kind: "failed", class: "transient" });
  });

  it("in the middle of the mail fails temporarily: a server keeps no half mail", async () => {
    await using server = await serveMail({
      onData: (stream) =>
        void stream.once("data", () => server.sockets.forEach((socket) => socket.destroy())),
    });
    await using connection = connectTo(server);
    const attachments = [attached("big.bin", "application/octet-stream", Buffer.alloc(4_000_000))];
    const outcome = await connection.send(mailMessage({}, { attachments }), never);
    expect(outcome).toMatchObject({ kind: "failed", class: "transient" });
  });

  it("after the last byte of the mail leaves it open whether it was accepted", async () => {
    await using server = await serveMail({
      onData: (stream) =>
        void stream.resume().once("end", () => server.sockets.forEach((socket) => socket.destroy())),
    });
    await using connection = connectTo(server);
    const outcome = await connection.send(mailMessage(), never);
    expect(outcome).toMatchObject({ kind: "ambiguous", code: expect.stringMatching(/^connection_/) });
  });

  it("is replaced silently when the server had closed it while it was idle", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server, { pool_size: 1 });
    await connection.send(mailMessage(), never);
    for (const socket of server.sockets) {
      socket.destroy();
      await once(socket, "close");
    }
    expect(await connection.send(mailMessage(), never)).toMatchObject({ kind: "sent" });
    expect(server.mails.length).toBe(2);
  });
});

describe("a private address", () => {
  it.each(["127.0.0.1", "localhost", "127.1", "::ffff:127.0.0.1"])(
    "is not connected to unless the operator allows it: %s",
    async (host) => {
      await using server = await serveMail();
      await using connection = connectTo(server, { host }, createDial());
      expect(await connection.send(mailMessage(), never)).toMatchObject({
        kind: "failed",
        class: "config",
        code: "blocked_address",
        message: expect.stringContaining("private address"),
      });
      expect(await connection.verify?.(never)).toMatchObject({ ok: false });
      expect(server.connections()).toBe(0);
    },
  );

  it("is what the socket connects to, not what a name meant a moment before", async () => {
    await using server = await serveMail();
    const answer = (_name: string, _options: object, done: (error: null, found: LookupAddress[]) => void) =>
      done(null, [{ address: "127.0.0.1", family: 4 }]);
    const lookup = answer as unknown as typeof resolver;
    await using connection = connectTo(server, { host: "mail.example" }, createDial({ lookup }));
    expect(await connection.send(mailMessage(), never)).toMatchObject({ code: "blocked_address" });
    const open = createDial({ lookup, allow_private: ["mail.example"] });
    await using allowed = connectTo(server, { host: "mail.example" }, open);
    expect(await allowed.send(mailMessage(), never)).toMatchObject({ kind: "sent" });
  });

  it("that may be called does not tell by errors what another service says", async () => {
    await using service = await serveText("SSH-2.0-OpenSSH_9.6 internal\r\n");
    await using connection = connectTo(service);
    const outcome = await connection.send(mailMessage(), never);
    expect(outcome).toMatchObject({
      class: "transient",
      code: "bad_reply",
      message: "the server does not speak SMTP",
    });
    expect(JSON.stringify(await connection.verify?.(never))).not.toContain("SSH");
  });
});

/** A service that is not a mail server: it greets in its own way. */
async function serveText(greeting: string): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(greeting);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

describe("giving up", () => {
  it("after the last byte leaves it open whether the mail was accepted", async () => {
    const aborter = new AbortController();
    await using server = await serveMail({
      onData: (stream) => void stream.resume().once("end", () => aborter.abort()),
    });
    await using connection = connectTo(server);
    expect(await connection.send(mailMessage(), aborter.signal)).toMatchObject({
      kind: "ambiguous",
      code: "aborted",
    });
  });

  it("before that is a temporary failure", async () => {
    const aborter = new AbortController();
    await using server = await serveMail({ onRcptTo: () => aborter.abort() });
    await using connection = connectTo(server);
    expect(await connection.send(mailMessage(), aborter.signal)).toMatchObject({
      class: "transient",
      code: "aborted",
    });
  });

  it("takes a mail out of the queue, and leaves the one before it alone", async () => {
    const first = Promise.withResolvers<() => void>();
    await using server = await serveMail({
      onRcptTo: ({ address }, _, done) => (address === "ann@example.com" ? first.resolve(done) : done()),
    });
    await using connection = connectTo(server, { pool_size: 1 });
    const aborter = new AbortController();
    const sending = connection.send(mailMessage(), never);
    const proceed = await first.promise;
    const waiting = connection.send(mailMessage({}, { to: "bob@example.com" }), aborter.signal);
    aborter.abort();
    expect(await waiting).toMatchObject({ class: "transient", code: "aborted" });
    proceed();
    expect(await sending).toMatchObject({ kind: "sent" });
    expect(server.mails.map(({ to }) => to)).toEqual([["ann@example.com"]]);
  });
});

describe("the pool", () => {
  it("sends many mails over one connection", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server, { pool_size: 1 });
    for (let i = 0; i < 10; i += 1) {
      await connection.send(mailMessage(), never);
    }
    expect(server.mails.length).toBe(10);
    expect(server.connections()).toBe(1);
  });

  it("opens no more connections than it may", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server, { pool_size: 3 });
    await Promise.all(Array.from({ length: 20 }, () => connection.send(mailMessage(), never)));
    expect(server.mails.length).toBe(20);
    expect(server.connections()).toBe(3);
  });

  it("introduces itself by the name it is given", async () => {
    const names: string[] = [];
    await using server = await serveMail({
      onMailFrom: (_, session, done) => {
        names.push(session.hostNameAppearsAs);
        done();
      },
    });
    await using connection = connectTo(server, { ehlo_name: "mail.acme.test" });
    await connection.send(mailMessage(), never);
    expect(names).toEqual(["mail.acme.test"]);
  });
});

describe("closing", () => {
  it("lets every mail end that was given before, the waiting ones too", async () => {
    const first = Promise.withResolvers<() => void>();
    await using server = await serveMail({
      onRcptTo: ({ address }, _, done) => (address === "ann@example.com" ? first.resolve(done) : done()),
    });
    const connection = connectTo(server, { pool_size: 1 });
    const sending = connection.send(mailMessage(), never);
    const waiting = connection.send(mailMessage({}, { to: "bob@example.com" }), never);
    const proceed = await first.promise;
    const closed = connection.close?.();
    proceed();
    expect([await sending, await waiting]).toMatchObject([{ kind: "sent" }, { kind: "sent" }]);
    await closed;
    expect(await connection.send(mailMessage(), never)).toMatchObject({
      class: "transient",
      code: "connection_lost",
    });
  });
});

describe("verification", () => {
  it("says whether the login works", async () => {
    await using server = await serveMail({
      onAuth: ({ password }, _, done) =>
        password === "right" ? done(null, { user: "u" }) : done(refusal("535 5.7.8 no, wrong")),
    });
    await using good = connectTo(server, { username: "u", password: "right" });
    await using bad = connectTo(server, { username: "u", password: "wrong" });
    expect(await good.verify?.(never)).toEqual({ ok: true });
    expect(await bad.verify?.(never)).toEqual({ ok: false, message: "535 5.7.8 no, ********" });
  });

  it("ends when the caller gives up", async () => {
    await using server = await serveLines(() => undefined);
    await using connection = connectTo(server);
    expect(await connection.verify?.(AbortSignal.timeout(30))).toMatchObject({ ok: false });
    expect(await connection.verify?.(AbortSignal.abort())).toMatchObject({ ok: false });
  });
});
