import { JqProgramError } from "./errors.ts";

/**
 * The C program jq as WebAssembly: the `jq.wasm` of the package jq-web, either compiled (a `WebAssembly.Module`) or
 * as bytes (an ArrayBuffer or a view of one). The type is `object` because only the DOM library declares the type of
 * a module.
 */
export type JqProgram = object;

/** The part of WebAssembly used here, which neither the ECMAScript libraries nor Node's types declare. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow: (pages: number) => number;
}

export type WasmModule = object;
export type WasmImports = Record<string, Record<string, (...args: never[]) => unknown>>;

interface WebAssemblyApi {
  Module: new (bytes: object) => WasmModule;
  Instance: new (module: WasmModule, imports: WasmImports) => { readonly exports: Record<string, unknown> };
}

/** Gives the module, compiling it on first use. Throws `JqProgramError` while there is none. */
export function createModuleSource(
  program: JqProgram | (() => JqProgram | undefined) | undefined,
): () => WasmModule {
  let module: WasmModule | undefined;
  return () => (module ??= toModule(typeof program === "function" ? program() : program));
}

export function instantiateModule(module: WasmModule, imports: WasmImports): Record<string, unknown> {
  return new (webAssembly().Instance)(module, imports).exports;
}

function toModule(program: JqProgram | undefined): WasmModule {
  if (program === undefined) {
    throw new JqProgramError(
      "needs the jq program, which this engine was made without: createJqEngine({ program })",
    );
  }
  // Tests the name of the class, since a module from another frame or worker is not an instance of ours.
  if (Object.prototype.toString.call(program) === "[object WebAssembly.Module]") return program;
  if (!(program instanceof ArrayBuffer) && !ArrayBuffer.isView(program)) {
    throw new JqProgramError("the jq program must be a WebAssembly.Module, or its bytes");
  }
  try {
    return new (webAssembly().Module)(program);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new JqProgramError(`the jq program cannot be compiled: ${reason}`, { cause });
  }
}

function webAssembly(): WebAssemblyApi {
  return (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
}
