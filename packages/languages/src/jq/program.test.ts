import { beforeAll, describe, expect, it } from "vitest";
import { createJqEngine as createNodeEngine } from "./node.ts";
import { createJqEngine, JqError, JqProgramError } from "./index.ts";
import { readProgram } from "../node.ts";

/** An assignment: the C program evaluates it. */
const DELEGATED = ".a |= . + 1 | .a";
let bytes: Uint8Array;
beforeAll(() => {
  bytes = readProgram();
});

const { Module } = (globalThis as unknown as { WebAssembly: { Module: new (bytes: object) => object } })
  .WebAssembly;

describe("an engine without the C program", () => {
  it("evaluates all that is evaluated in JavaScript", () => {
    const engine = createJqEngine();
    expect(engine.evaluate(".a + 1", { a: 1 })).toBe(2);
    expect(engine.check(".a + 1")).toBeNull();
  });

  it("says of anything else that the program is missing, and how to hand it over", () => {
    const engine = createJqEngine();
    const message = "needs the jq program, which this engine was made without: createJqEngine({ program })";
    expect(() => engine.evaluate(DELEGATED, { a: 1 })).toThrow(new JqProgramError(message));
    expect(() => engine.evaluateAll(DELEGATED, { a: 1 })).toThrow(JqError);
    expect(() => engine.check(DELEGATED)).toThrow(JqProgramError);
    expect(engine.isBounded(DELEGATED)).toBe(false);
  });

  it("evaluates the rest as soon as the program is there", () => {
    let program: Uint8Array | undefined;
    const engine = createJqEngine({ program: () => program });
    expect(() => engine.evaluate(DELEGATED, { a: 1 })).toThrow(JqProgramError);
    program = bytes;
    expect(engine.evaluate(DELEGATED, { a: 1 })).toBe(2);
  });
});

describe("the C program", () => {
  it("may be bytes, a buffer or a compiled module, or a function that gives one", () => {
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    for (const program of [bytes, buffer, new Module(bytes), () => new Module(bytes)]) {
      expect(createJqEngine({ program }).evaluate(DELEGATED, { a: 1 })).toBe(2);
    }
  });

  it("is asked for once, and not before an expression needs it", () => {
    let asked = 0;
    const engine = createJqEngine({
      program: () => {
        asked++;
        return bytes;
      },
    });
    engine.evaluate(".a", { a: 1 });
    expect(asked).toBe(0);
    for (let a = 0; a < 3; a++) expect(engine.evaluate(DELEGATED, { a })).toBe(a + 1);
    expect(asked).toBe(1);
  });

  it("is Node's by default, and another's where one is given", () => {
    expect(createNodeEngine().evaluate(DELEGATED, { a: 1 })).toBe(2);
    expect(() => createNodeEngine({ program: {} }).evaluate(DELEGATED, { a: 1 })).toThrow(
      "the jq program must be a WebAssembly.Module, or its bytes",
    );
  });

  it.each<[name: string, program: object, reason: string]>([
    ["a promise of it", Promise.resolve(), "the jq program must be a WebAssembly.Module, or its bytes"],
    ["an error page", new TextEncoder().encode("<html>"), "the jq program cannot be compiled: "],
  ])("is refused when it is %s", (_name, program, reason) => {
    expect(() => createJqEngine({ program }).evaluate(DELEGATED, { a: 1 })).toThrow(reason);
  });
});
