/** Parses a mail as its reader sees it. Enough of MIME for what our own server writes, not a full mail client. */
export interface MimePart {
  /** By lower-case name, unfolded and decoded. */
  headers: Record<string, string>;
  type: string;
  /** From `Content-Type` and `Content-Disposition`, decoded. */
  filename: string | null;
  body: Buffer;
  parts: MimePart[];
}

export function parseMime(raw: string): MimePart {
  const cut = raw.indexOf("\r\n\r\n");
  const headers = parseHeaders(cut === -1 ? raw : raw.slice(0, cut));
  const content = cut === -1 ? "" : raw.slice(cut + 4);
  const [type = "text/plain", ...settings] = (headers["content-type"] ?? "").split(";");
  const boundary = /boundary="?([^";]+)"?/.exec(settings.join(";"))?.[1];
  return {
    headers,
    type: type.trim().toLowerCase(),
    filename: filenameOf(headers),
    body: decodeBody(content, headers["content-transfer-encoding"] ?? "7bit"),
    parts: boundary === undefined ? [] : splitParts(content, boundary).map(parseMime),
  };
}

/** The first part of a type, at any depth. */
export function findPart(part: MimePart, type: string): MimePart | null {
  if (part.type === type) return part;
  for (const inner of part.parts) {
    const found = findPart(inner, type);
    if (found !== null) return found;
  }
  return null;
}

function parseHeaders(text: string): Record<string, string> {
  const lines = text.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())];
    }),
  );
}

/** Words like `=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=`; the white space between two of them is not part of the text. */
function decodeWords(text: string): string {
  return text
    .replaceAll(/(\?=)\s+(=\?)/g, "$1$2")
    .replaceAll(/((?:=\?utf-8\?[bq]\?[^?]*\?=)+)/gi, (run: string) => {
      const words = [...run.matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi)];
      // A character may be split between two words, so bytes are joined before decoding.
      return Buffer.concat(
        words.map(([, encoding = "", word = ""]) =>
          encoding.toLowerCase() === "b"
            ? Buffer.from(word, "base64")
            : decodeQuoted(word.replaceAll("_", " ")),
        ),
      ).toString();
    });
}

function filenameOf(headers: Record<string, string>): string | null {
  const source = `${headers["content-disposition"] ?? ""};${headers["content-type"] ?? ""}`;
  const extended = /filename\*(?:0\*)?=utf-8''([^;\s]+)/i.exec(source)?.[1];
  if (extended !== undefined) return decodeURIComponent(extended);
  return /filename="([^"]+)"/.exec(source)?.[1] ?? /filename=([^;\s]+)/.exec(source)?.[1] ?? null;
}

function decodeBody(content: string, encoding: string): Buffer {
  switch (encoding.toLowerCase()) {
    case "base64":
      return Buffer.from(content, "base64");
    case "quoted-printable":
      return decodeQuoted(content.replaceAll("=\r\n", ""));
    default:
      return Buffer.from(content);
  }
}

function decodeQuoted(text: string): Buffer {
  const bytes: number[] = [];
  for (let index = 0; index < text.length; index++) {
    const escaped = /^=([0-9A-F]{2})/i.exec(text.slice(index, index + 3))?.[1];
    if (escaped === undefined) {
      bytes.push(...Buffer.from(text.charAt(index)));
    } else {
      bytes.push(Number.parseInt(escaped, 16));
      index += 2;
    }
  }
  return Buffer.from(bytes);
}

function splitParts(content: string, boundary: string): string[] {
  const [, ...rest] = content.split(`--${boundary}`);
  return rest
    .filter((part) => !part.startsWith("--"))
    .map((part) => part.replace(/^\r\n/, "").replace(/\r\n$/, ""));
}
