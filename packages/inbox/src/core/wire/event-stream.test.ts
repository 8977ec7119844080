import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEventParser, type StreamEvent } from "./event-stream.ts";

function read(...pieces: string[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  const parse = createEventParser((event) => events.push(event));
  pieces.forEach(parse);
  return events;
}

describe("a stream of events", () => {
  it.each<[what: string, text: string, events: StreamEvent[]]>([
    ["has events", "event: items\nid: 7\ndata: {}\n\n", [{ event: "items", id: "7", data: "{}" }]],
    ["has events without a name", "data: a\n\n", [{ event: "message", id: "", data: "a" }]],
    [
      "may end lines with CR LF or CR",
      "data: a\r\n\r\ndata: b\r\rx",
      [
        { event: "message", id: "", data: "a" },
        { event: "message", id: "", data: "b" },
      ],
    ],
    ["joins lines of data", "data: a\ndata:b\n\n", [{ event: "message", id: "", data: "a\nb" }]],
    ["has comments, which say nothing", ": beat\n\n:\n\n", []],
    ["has fields that nobody knows", "retry: 5\nodd\ndata: a\n\n", [{ event: "message", id: "", data: "a" }]],
    [
      "keeps the id for what follows",
      "id: 3\ndata: a\n\ndata: b\n\n",
      [
        { event: "message", id: "3", data: "a" },
        { event: "message", id: "3", data: "b" },
      ],
    ],
    ["has no event that is not finished", "data: a\n", []],
    ["has values with colons and spaces", "data:  a: b \n\n", [{ event: "message", id: "", data: " a: b " }]],
  ])("%s", (_, text, events) => {
    expect(read(text)).toEqual(events);
  });

  it("says the same wherever it is cut", () => {
    const text =
      'event: hello\r\nid: 1\r\ndata: {"seq":1}\r\n\r\n: beat\n\nevent: items\nid: 2\ndata: é\ndata: ö\n\n';
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((end, at) => text.slice(places[at], end));
        expect(read(...pieces)).toEqual(read(text));
      }),
    );
  });
});
