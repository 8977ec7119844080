import { describe, expect, it } from "vitest";
import {
  attached,
  connectTo,
  headersOf,
  mailMessage,
  never,
  refusal,
  refuseRecipients,
  serveLines,
  serveMail,
} from "../../../test/outside/smtp.ts";
import { vendorContract } from "../../../test/outside/vendor-contract.ts";
import smtp, { judge } from "./smtp.ts";

vendorContract(smtp, {
  // No server listens there: nothing before the connection may throw.
  config: {
    host: "127.0.0.1",
    port: 1,
    encryption: "none",
    username: "apikey",
    password: "correct horse battery",
    from_name: "Acme",
    from_email: "hello@acme.test",
    reply_email: "help@acme.test",
    ehlo_name: "mail.acme.test",
    pool_size: 2,
    allow_self_signed: false,
  },
  message: mailMessage(),
  refused: [
    {},
    { host: "h" },
    { host: "", from_email: "a@b.test" },
    { host: "evil host", from_email: "a@b.test" },
    { host: "h", from_email: "not an address" },
    { host: "h", from_email: "a@b.test\r\nBcc: c@d.test" },
    { host: "h", from_email: "a@b.test", reply_email: "x" },
    { host: "h", from_email: "a@b.test", port: 0 },
    { host: "h", from_email: "a@b.test", port: 1.5 },
    { host: "h", from_email: "a@b.test", encryption: "maybe" },
    { host: "h", from_email: "a@b.test", ehlo_name: "a\r\nMAIL FROM:<x>" },
    { host: "h", from_email: "a@b.test", pool_size: 1000 },
  ],
});

describe("a mail", () => {
  it("arrives with the headers of its content, and with no others", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server);
    const headers = {
      "List-Unsubscribe": "<https://acme.test/u?a=1>\r\nBcc: evil@acme.test",
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      Bcc: "evil@acme.test",
    };
    await connection.send(mailMessage({ headers }), never);
    const [mail] = server.mails;
    const { raw = "" } = mail ?? {};
    expect(mail).toMatchObject({ to: ["ann@example.com"] });
    expect(raw).toMatch(/^List-Unsubscribe: <https:\/\/acme\.test\/u\?a=1> Bcc: evil@acme\.test\r$/m);
    expect(raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m);
    expect(raw).not.toMatch(/^Bcc:/m);
  });

  it("arrives with its envelope, headers and both bodies", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server, { reply_email: "help@acme.test" });
    const outcome = await connection.send(
      mailMessage({ subject: "Grüße 日本 🎉", html: "<p>Grüße</p>", text: "Grüße" }),
      never,
    );

    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "4Q7xYz0001" });
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: "hello@acme.test", to: ["ann@example.com"] });
    const headers = headersOf(mail?.raw ?? "");
    expect(headers).toMatchObject({
      from: "Acme <hello@acme.test>",
      to: "ann@example.com",
      "reply-to": "help@acme.test",
      "message-id": "<01JD0000000000000000000000@acme.test>",
      "mime-version": "1.0",
    });
    expect(headers.subject).toMatch(/^=\?UTF-8\?/);
    expect(headers["content-type"]).toMatch(/^multipart\/alternative;/);
    expect(headers).not.toHaveProperty("x-mailer");
    expect(mail?.raw).toContain("Gr=C3=BC=C3=9Fe");
  });

  it("is sent as the template says where it says anything", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server, { reply_email: "help@acme.test" });
    await connection.send(
      mailMessage({
        from_name: 'Billing, "Acme"',
        from_address: "billing@bücher.example",
        reply_to: "Ann <ann@acme.test>, bob@acme.test",
        html: null,
        text: "Plain",
      }),
      never,
    );
    expect(server.mails[0]?.from).toBe("billing@bücher.example");
    expect(headersOf(server.mails[0]?.raw ?? "")).toMatchObject({
      from: '"Billing, \\"Acme\\"" <billing@xn--bcher-kva.example>',
      "reply-to": "Ann <ann@acme.test>, bob@acme.test",
      "message-id": "<01JD0000000000000000000000@xn--bcher-kva.example>",
      "content-type": "text/plain; charset=utf-8",
    });
  });

  it("carries the headers that its content adds, and none that it has already", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server);
    const unsubscribe = `<https://acme.test/u?token=${"t".repeat(200)}>`;
    const headers = {
      "List-Unsubscribe": unsubscribe,
      "X-Kind": "Grüße",
      subject: "Other",
      Bcc: "x@example.net",
    };
    await connection.send(mailMessage({ headers }), never);
    expect(headersOf(server.mails[0]?.raw ?? "")).toMatchObject({
      "list-unsubscribe": unsubscribe,
      "x-kind": "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=",
      subject: "Hello",
    });
    expect(server.mails[0]?.raw).not.toContain("x@example.net");
  });

  it("carries its attachments byte by byte, under their names and types", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server);
    const attachments = [
      attached("rechnung für ann.txt", "text/plain", "Hello"),
      attached("logo.png", "image/png", Buffer.from([0, 255, 13, 10, 46, 13, 10])),
      attached("leer.txt", "text/plain", ""),
      attached("brief.eml", "application/octet-stream", "From: x\r\n\r\nx"),
    ];
    expect(await connection.send(mailMessage({}, { attachments }), never)).toMatchObject({ kind: "sent" });
    const raw = server.mails[0]?.raw ?? "";
    expect(raw).toContain('Content-Type: text/plain; name="=?UTF-8?Q?rechnung_f=C3=BCr_ann=2Etxt?="');
    expect(raw).toContain("filename*0*=utf-8''rechnung%20f%C3%BCr%20ann.txt");
    expect(raw).toContain("Content-Type: image/png; name=logo.png");
    expect(raw).toContain("\r\n\r\nSGVsbG8=\r\n");
    expect(raw).toContain("\r\n\r\nAP8NCi4NCg==\r\n");
    expect(raw).toContain("Content-Disposition: attachment; filename=leer.txt");
    expect(raw.match(/^Content-Transfer-Encoding: base64/gm)).toHaveLength(4);
  });

  it("keeps what their types say: how a text is encoded, and that a file is an invitation", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server);
    const attachments = [
      attached("invite.ics", "text/calendar; charset=utf-8; method=REQUEST", "BEGIN:VCALENDAR"),
      attached("list.csv", 'text/csv; charset=iso-8859-1; header="present; yes"', "a;b"),
    ];
    await connection.send(mailMessage({}, { attachments }), never);
    const raw = server.mails[0]?.raw.replaceAll(/\r\n[ \t]+/g, " ") ?? "";
    expect(raw).toContain("Content-Type: text/calendar; charset=utf-8; method=REQUEST; name=invite.ics");
    expect(raw).toContain('Content-Type: text/csv; charset=iso-8859-1; header="present; yes"; name=list.csv');
  });

  it("carries them in its copies too", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server);
    const attachments = [attached("a.txt", "text/plain", "Hello")];
    await connection.send(mailMessage({ cc: ["bob@example.com"] }, { attachments }), never);
    expect(server.mails.map(({ to }) => to)).toEqual([["ann@example.com"], ["bob@example.com"]]);
    for (const { raw } of server.mails) expect(raw).toContain("\r\n\r\nSGVsbG8=\r\n");
  });

  it.each([
    ["Ok: queued as 4Q7xYz0001", "4Q7xYz0001"],
    ["2.0.0 Ok: queued as <abc-1.2@mx>", "abc-1.2"],
    ["OK id=1tE5zz-000000001Ab-2Cde", "1tE5zz-000000001Ab-2Cde"],
    [
      "2.6.0 <x@y> [InternalId=2345052144, Hostname=A.prod.outlook.com] Queued mail for delivery",
      "2345052144",
    ],
    ["2.0.0 4AKKx01234 Message accepted for delivery", "4AKKx01234"],
    [
      "Ok 0100018b5c3c0a4f-11111111-2222-3333-4444-555555555555-000000",
      "0100018b5c3c0a4f-11111111-2222-3333-4444-555555555555-000000",
    ],
    ["2.0.0 OK  1732123456 d9443c01a7336-2120.12 - gsmtp", "d9443c01a7336-2120.12"],
    ["Thank you", null],
  ])("keeps the queue id of %j", async (reply, id) => {
    await using server = await serveMail({}, reply);
    await using connection = connectTo(server);
    expect(await connection.send(mailMessage(), never)).toEqual({ kind: "sent", vendor_message_id: id });
  });

  it("cannot be given headers or recipients by its content", async () => {
    const evil = "x\r\nBcc: evil@example.net\r\nRCPT TO:<evil@example.net>\r\n\r\nx";
    const lists = [evil, `${evil} <a@b.example>`, "a@b.example\r\nBcc: evil@example.net", "<a@b.example>\n"];
    await using server = await serveMail();
    await using connection = connectTo(server);
    const hostile = [
      ...["from_name", "from_address", "reply_to", "subject"].map((field) => mailMessage({ [field]: evil })),
      ...["extra_to", "cc", "bcc", "reply_to"].map((field) => mailMessage({ [field]: lists })),
      mailMessage({}, { attachments: [attached(evil, "text/plain", "A")] }),
      mailMessage({}, { to: evil }),
      mailMessage({}, { message_id: evil }),
    ];
    for (const one of hostile) {
      await connection.send(one, never);
    }

    // All are sent except those with the hostile recipient and the hostile From address, and the three lists have one
    // copy.
    expect(server.mails.length).toBe(hostile.length - 2 + 3);
    for (const { to, raw } of server.mails) {
      expect(to.join()).not.toContain("evil@");
      expect(raw).not.toMatch(/^(?:bcc|rcpt)/im);
    }
  });

  it("ends where it ends, whatever its text holds", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server);
    const end = "one\r\n.\r\nRCPT TO:<evil@example.net>\n.\nlast";
    await connection.send(mailMessage({ text: end, html: end }), never);
    expect(server.mails.map(({ to }) => to)).toEqual([["ann@example.com"]]);
    expect(server.mails[0]?.raw.match(/last\r\n/g)).toHaveLength(2);
  });
});

describe("copies", () => {
  const copies = {
    extra_to: ["Bob <bob@example.com>", "ANN@example.com"],
    cc: ["carl@example.com", "bob@example.com"],
    bcc: ["dora@example.com"],
  };

  it("are shown but for blind ones, and each address gets the mail once", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server);
    await connection.send(mailMessage(copies), never);
    expect(server.mails.map(({ to }) => to)).toEqual([
      ["ann@example.com"],
      ["bob@example.com", "carl@example.com", "dora@example.com"],
    ]);
    for (const { raw } of server.mails) {
      expect(headersOf(raw)).toMatchObject({
        to: "ann@example.com, Bob <bob@example.com>",
        cc: "carl@example.com",
      });
      expect(raw).not.toContain("dora");
    }
  });

  it("do not fail the mail when they are refused or deferred, and the outcome names them", async () => {
    await using server = await serveMail({
      onRcptTo: refuseRecipients({
        "bob@example.com": "550 5.1.1 no such user",
        "carl@example.com": "450 4.2.1 later",
      }),
    });
    await using connection = connectTo(server);
    expect(await connection.send(mailMessage(copies), never)).toEqual({
      kind: "sent",
      vendor_message_id: "4Q7xYz0001",
      undelivered: [
        {
          address: "bob@example.com",
          outcome: {
            kind: "failed",
            class: "recipient",
            code: "5.1.1",
            inactivate: true,
            message: "550 5.1.1 no such user",
          },
        },
        {
          address: "carl@example.com",
          outcome: { kind: "failed", class: "transient", code: "4.2.1", message: "450 4.2.1 later" },
        },
      ],
    });
    expect(server.mails.map(({ to }) => to)).toEqual([["ann@example.com"], ["dora@example.com"]]);
  });

  it("are all named when their mail is refused as a whole", async () => {
    let mails = 0;
    await using server = await serveMail({
      onData: (stream, _, done) => {
        mails += 1;
        const reply = mails === 1 ? null : refusal("452 4.3.1 disk full");
        stream.resume().once("end", () => done(reply));
      },
    });
    await using connection = connectTo(server);
    expect(await connection.send(mailMessage(copies), never)).toMatchObject({
      kind: "sent",
      undelivered: [
        { address: "bob@example.com", outcome: { class: "transient", code: "4.3.1" } },
        { address: "carl@example.com", outcome: { class: "transient", code: "4.3.1" } },
        { address: "dora@example.com", outcome: { class: "transient", code: "4.3.1" } },
      ],
    });
  });

  it("are sent alone when the others have the mail", async () => {
    await using server = await serveMail();
    await using connection = connectTo(server);
    const retry = mailMessage(copies, { only_to: ["carl@example.com"], attempt: 2 });
    expect(await connection.send(retry, never)).toEqual({ kind: "sent", vendor_message_id: null });
    expect(server.mails.map(({ to }) => to)).toEqual([["carl@example.com"]]);
    expect(headersOf(server.mails[0]?.raw ?? "")).toMatchObject({
      to: "ann@example.com, Bob <bob@example.com>",
    });
  });

  it("are not sent when the recipient is refused or deferred, so that a retry sends none twice", async () => {
    await using server = await serveMail({
      onRcptTo: refuseRecipients({ "ann@example.com": "450 4.2.1 later" }),
    });
    await using connection = connectTo(server);
    expect(await connection.send(mailMessage(copies), never)).toMatchObject({
      kind: "failed",
      class: "transient",
    });
    expect(server.mails).toEqual([]);
  });
});

describe("an address outside ASCII", () => {
  /** A server with these extensions that takes everything, and the commands it got. */
  async function serve(...extensions: string[]) {
    const lines: string[] = [];
    let inMail = false;
    const server = await serveLines((line) => {
      lines.push(line);
      if (line === ".") inMail = false;
      else if (inMail) return undefined;
      if (line === "DATA") {
        inMail = true;
        return "354 go";
      }
      return line.startsWith("EHLO")
        ? ["250-here", ...extensions.map((name) => `250-${name}`), "250 HELP"].join("\r\n")
        : "250 ok";
    });
    const envelope = () => lines.filter((line) => /^(?:MAIL|RCPT)/.test(line));
    return { ...server, lines, envelope };
  }
  const missing = {
    class: "recipient",
    code: "smtputf8_missing",
    message: expect.stringContaining("SMTPUTF8"),
  };

  it("is not sent to a server that cannot take it, which the outcome says", async () => {
    await using server = await serve("8BITMIME");
    await using connection = connectTo(server, { pool_size: 1 });
    expect(await connection.send(mailMessage({}, { to: "jösé@example.com" }), never)).toMatchObject(missing);
    expect(server.envelope()).toEqual([]);
    expect(await connection.send(mailMessage(), never)).toMatchObject({ kind: "sent" });
    expect(server.lines.filter((line) => line.startsWith("EHLO"))).toHaveLength(1);
  });

  it("is sent with the parameter to a server that can", async () => {
    await using server = await serve("8BITMIME", "SMTPUTF8");
    await using connection = connectTo(server);
    expect(await connection.send(mailMessage({}, { to: "jösé@exämple.com" }), never)).toMatchObject({
      kind: "sent",
    });
    expect(server.envelope()).toEqual(["MAIL FROM:<hello@acme.test> SMTPUTF8", "RCPT TO:<jösé@exämple.com>"]);
    expect(server.lines).toContain("To: jösé@exämple.com");
  });

  it("by its domain alone is written in ASCII", async () => {
    await using server = await serve();
    await using connection = connectTo(server);
    const message = mailMessage(
      { from_address: "hi@bücher.example", cc: ["bob@exämple.com"] },
      { to: "ann@exämple.com" },
    );
    expect(await connection.send(message, never)).toMatchObject({ kind: "sent" });
    expect(server.envelope()).toEqual([
      "MAIL FROM:<hi@xn--bcher-kva.example>",
      "RCPT TO:<ann@xn--exmple-cua.com>",
      "MAIL FROM:<hi@xn--bcher-kva.example>",
      "RCPT TO:<bob@xn--exmple-cua.com>",
    ]);
    expect(server.lines.join("\n")).toMatch(/^[\n -~]*$/);
  });

  it("of a copy costs nobody else the mail, and stands in no header that is not announced", async () => {
    await using server = await serve();
    await using connection = connectTo(server);
    const message = mailMessage({ cc: ["jösé@example.com", "bob@example.com"] });
    expect(await connection.send(message, never)).toMatchObject({
      kind: "sent",
      undelivered: [{ address: "jösé@example.com", outcome: missing }],
    });
    expect(server.envelope().filter((line) => line.startsWith("RCPT"))).toEqual([
      "RCPT TO:<ann@example.com>",
      "RCPT TO:<bob@example.com>",
    ]);
    expect(server.lines.join("\n")).toMatch(/^[\n -~]*$/);
  });

  it("of the sender is about the settings", async () => {
    await using server = await serve();
    await using connection = connectTo(server, { from_email: "grüße@acme.test" });
    expect(await connection.send(mailMessage(), never)).toMatchObject({ ...missing, class: "config" });
    expect(server.envelope()).toEqual([]);
  });

  it("for replies is refused where nothing announces it", async () => {
    await using server = await serve("SMTPUTF8");
    await using connection = connectTo(server);
    const message = mailMessage({ reply_to: "jösé@example.com" });
    expect(await connection.send(message, never)).toMatchObject({
      class: "message",
      code: "invalid_reply_to",
    });
    expect(await connection.send({ ...message, to: "jösé@example.com" }, never)).toMatchObject({
      kind: "sent",
    });
  });
});

describe("what a reply means", () => {
  it.each<[number, string | undefined, Parameters<typeof judge>[2], ReturnType<typeof judge>]>([
    [421, "4.7.0", "connect", { class: "transient" }],
    [450, "4.2.1", "rcpt", { class: "transient" }],
    [451, undefined, "data", { class: "transient" }],
    [452, "4.2.2", "rcpt", { class: "transient" }],
    [454, "4.7.0", "auth", { class: "transient" }],
    [454, undefined, "connect", { class: "transient" }],
    [550, "4.4.7", "rcpt", { class: "transient" }],
    [503, "5.5.1", "mail", { class: "transient" }],
    [530, "5.7.0", "mail", { class: "config" }],
    [534, "5.7.9", "auth", { class: "config" }],
    [535, "5.7.8", "auth", { class: "config" }],
    [538, undefined, "auth", { class: "config" }],
    [501, undefined, "auth", { class: "config" }],
    [554, undefined, "connect", { class: "config" }],
    [502, undefined, "connect", { class: "config" }],
    [530, "5.7.57", "rcpt", { class: "config" }],
    [550, "5.1.1", "rcpt", { class: "recipient", inactivate: true }],
    [550, "5.1.1", "data", { class: "recipient", inactivate: true }],
    [550, "5.1.2", "rcpt", { class: "recipient", inactivate: true }],
    [553, "5.1.3", "rcpt", { class: "recipient", inactivate: true }],
    [551, "5.1.6", "rcpt", { class: "recipient", inactivate: true }],
    [556, "5.1.10", "rcpt", { class: "recipient", inactivate: true }],
    [550, "5.2.1", "rcpt", { class: "recipient", inactivate: true }],
    [550, "5.1.0", "rcpt", { class: "recipient" }],
    [550, "5.4.1", "rcpt", { class: "recipient" }],
    [550, "5.1.1", "mail", { class: "config" }],
    [550, "5.1.8", "rcpt", { class: "config" }],
    [553, "5.1.7", "mail", { class: "config" }],
    [552, "5.2.2", "rcpt", { class: "message" }],
    [552, undefined, "data", { class: "message" }],
    [550, "5.2.3", "data", { class: "message" }],
    [552, "5.3.4", "mail", { class: "message" }],
    [550, "5.7.1", "data", { class: "message" }],
    [550, "5.7.1", "rcpt", { class: "message" }],
    [550, "5.7.26", "data", { class: "config" }],
    [554, undefined, "data", { class: "message" }],
    [554, "5.6.0", "data", { class: "message" }],
    [554, undefined, "rcpt", { class: "message" }],
    [550, undefined, "rcpt", { class: "recipient" }],
    [550, "5.0.0", "rcpt", { class: "recipient" }],
    [553, undefined, "rcpt", { class: "recipient" }],
    [501, undefined, "rcpt", { class: "recipient" }],
    [550, undefined, "data", { class: "message" }],
    [550, undefined, "mail", { class: "config" }],
  ])("%i %s at %s", (code, enhanced, stage, meaning) => {
    expect(judge(code, enhanced, stage)).toEqual(meaning);
  });
});
