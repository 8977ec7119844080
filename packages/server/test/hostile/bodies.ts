/** Bodies that are large rather than wrong, each of about `bytes` bytes. */
export function largeBodies(bytes: number): [name: string, body: Buffer][] {
  const repeat = (text: string) => text.repeat(Math.floor((bytes - 20) / Buffer.byteLength(text)));
  const texts: [string, string][] = [
    ["a text", `{"a":"${repeat("x")}"}`],
    ["escaped null characters", `{"a":"${repeat("\\u0000")}"}`],
    ["escapes", `{"a":"${repeat("\\n")}"}`],
    ["emoji", `{"a":"${repeat("💥")}"}`],
    ["numbers", `[${repeat("0,")}0]`],
    ["digits", `{"a":${repeat("9")}}`],
    ["empty objects", `[${repeat("{},")}{}]`],
    ["the same key", `{${repeat('"a":1,')}"a":1}`],
    ["__proto__", `{${repeat('"__proto__":{},')}"a":1}`],
    ["open brackets", repeat("[")],
    ["nested arrays", `${"[".repeat(bytes / 2)}${"]".repeat(bytes / 2)}`],
    ["nested objects", `${'{"a":'.repeat(bytes / 7)}1${"}".repeat(bytes / 7)}`],
    ["white space", `${repeat(" ")}{}`],
    ["keys", `{${Array.from({ length: bytes / 20 }, (_unused, index) => `"key${index}":${index}`).join()}}`],
  ];
  return texts.map(([name, text]) => [name, Buffer.from(text)]);
}

/** A JSON object of exactly this many bytes. */
export function exactBody(bytes: number): Buffer {
  const frame = '{"a":""}';
  return Buffer.from(`{"a":"${"x".repeat(bytes - frame.length)}"}`);
}
