import { domainToASCII } from "node:url";
import { createTransport, type SendMailOptions } from "nodemailer";
import type { Mailbox } from "../../../core/mailbox.ts";
import { type Email, wireAddress } from "../../../delivery/vendor/email.ts";
import type { AttachedFile } from "../../../delivery/vendor/vendor.ts";

/*
 * A mail in the form of https://www.rfc-editor.org/rfc/rfc2045, for mail servers and for APIs that take it whole.
 */

/** All of a mail but who sends it and who gets it, as nodemailer takes it. */
export function mimeOf(message_id: string, email: Email, files: AttachedFile[]): SendMailOptions {
  const domain = email.from.address.slice(email.from.address.lastIndexOf("@") + 1);
  return {
    messageId: `<${message_id}@${domainToASCII(domain) || "localhost"}>`,
    subject: email.subject,
    text: email.text,
    ...(email.html === null ? {} : { html: email.html }),
    headers: email.headers,
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

/** The whole mail in seven bits, without blind copies: those are named beside it. */
export async function composeMime(message_id: string, email: Email, files: AttachedFile[]): Promise<Buffer> {
  const wire = (mailboxes: Mailbox[]) =>
    mailboxes.map((mailbox) => ({ ...mailbox, address: wireAddress(mailbox) }));
  const { message } = await createTransport({
    streamTransport: true,
    buffer: true,
    newline: "windows",
  }).sendMail({
    ...mimeOf(message_id, email, files),
    from: { ...email.from, address: wireAddress(email.from) },
    to: wire([email.to, ...email.extra_to]),
    cc: wire(email.cc),
    replyTo: wire(email.reply_to),
  });
  if (!Buffer.isBuffer(message)) throw new Error("the mail was not composed");
  return message;
}
