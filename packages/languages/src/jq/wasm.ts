import { concatBytes, fromUtf8, toLatin1, toUtf8 } from "../bytes.ts";
import { isStackOverflow } from "../overflow.ts";
import { instantiateModule, type WasmImports, type WasmMemory, type WasmModule } from "./program.ts";
import { parseTime, readTime, writeTime } from "./wasm-time.ts";

/**
 * Runs the C program jq, compiled to WebAssembly, on a host of our own instead of jq-web's. The program finds two
 * files (the expression and its input) and an empty environment, and can reach nothing else. Each run starts from the
 * memory of a fresh process, so that it sees nothing of the run before: neither what jq keeps by design, nor what a bug
 * or an exception halfway left there.
 */
export interface WasmJq {
  /**
   * Runs a program on an input, both passed on as UTF-8. `now` is what its clock shows, in milliseconds since the
   * epoch. Throws `WasmFailure` when the program dies or goes beyond its limits, and whatever `module` throws.
   */
  run: (program: string, input: string, now: number) => WasmResult;
}

export interface WasmResult {
  /** The exit code: 0 for success, 3 for a program that does not compile, 5 for one that failed while running. */
  code: number;
  /** The values, one JSON text per line. */
  output: string;
  /** The error output, cut at 64 KiB. */
  errors: string;
}

export class WasmFailure extends Error {
  override name = "WasmFailure";
}

export interface WasmLimits {
  /** Bytes of output. */
  max_output: number;
  /** Bytes of memory, of which a start takes 17 MB. */
  max_memory: number;
}

/** Thrown by C's `exit`. */
class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

interface Exports {
  memory: WasmMemory;
  __wasm_call_ctors: () => void;
  __main_argc_argv: (count: number, values: number) => number;
  _emscripten_stack_restore: (pointer: number) => void;
  _emscripten_stack_alloc: (size: number) => number;
  emscripten_stack_get_current: () => number;
}

interface Instance {
  exports: Exports;
  /** The memory that a fresh process has written: its data and the start of its heap. */
  image: { at: number; bytes: Uint8Array }[];
  files: Files;
  clock: { now: number };
}

interface Files {
  program: Uint8Array;
  input: Uint8Array;
  /** How many bytes of each have been read. */
  read: { program: number; input: number };
  output: Uint8Array[];
  outputSize: number;
  errors: Uint8Array[];
  errorsSize: number;
}

const ARGUMENTS = ["jq", "-M", "-c", "-f", "/program", "/input"];
const PROGRAM = 3;
const INPUT = 4;
const PAGE = 65_536;
const MORE_STACK = 1024 * 1024;
const MAX_ERRORS = 65_536;
const NOT_FOUND = -44;
const BAD_FILE = 8;
const NOT_SEEKABLE = 70;
const REGULAR_FILE = 0o100444;
const CHARACTER_DEVICE = 2;

export function createWasmJq(limits: WasmLimits, module: () => WasmModule): WasmJq {
  let idle: Instance | undefined;

  return {
    run(program, input, now) {
      const instance = idle ?? instantiate(module(), limits);
      // An evaluation that V8 interrupts runs no `finally`, so the instance is given back only at the end.
      idle = undefined;
      const size = instance.exports.memory.buffer.byteLength;
      instance.clock.now = now;
      const result = runOnce(instance, program, input);
      // Memory never shrinks, so an instance whose memory grew is dropped.
      if (instance.exports.memory.buffer.byteLength === size) idle = instance;
      return result;
    },
  };
}

function runOnce({ exports, image, files }: Instance, program: string, input: string): WasmResult {
  files.program = toUtf8(program);
  files.input = toUtf8(input);
  files.read = { program: 0, input: 0 };
  files.output = [];
  files.outputSize = 0;
  files.errors = [];
  files.errorsSize = 0;
  for (const part of image) new Uint8Array(exports.memory.buffer).set(part.bytes, part.at);
  const stack = exports.emscripten_stack_get_current();
  let code: number;
  try {
    code = exports.__main_argc_argv(ARGUMENTS.length, pushArguments(exports));
  } catch (error) {
    if (error instanceof WasmFailure) throw error;
    if (!(error instanceof Exit)) {
      // Either the stack overflowed or the machine trapped.
      const reason = isStackOverflow(error) ? "is nested too deeply" : "jq broke off";
      throw new WasmFailure(reason, { cause: error });
    }
    code = error.code;
  }
  exports._emscripten_stack_restore(stack);
  return { code, output: decode(files.output), errors: decode(files.errors) };
}

function pushArguments(exports: Exports): number {
  const pointers = ARGUMENTS.map((argument) => {
    const bytes = toUtf8(`${argument}\0`);
    const pointer = exports._emscripten_stack_alloc(bytes.length);
    new Uint8Array(exports.memory.buffer).set(bytes, pointer);
    return pointer;
  });
  const list = exports._emscripten_stack_alloc((pointers.length + 1) * 4);
  new Uint32Array(exports.memory.buffer, list, pointers.length + 1).set([...pointers, 0]);
  return list;
}

function decode(chunks: readonly Uint8Array[]): string {
  return fromUtf8(concatBytes(chunks));
}

function instantiate(module: WasmModule, limits: WasmLimits): Instance {
  const files: Files = {
    program: new Uint8Array(),
    input: new Uint8Array(),
    read: { program: 0, input: 0 },
    output: [],
    outputSize: 0,
    errors: [],
    errorsSize: 0,
  };
  const clock = { now: 0 };
  let exports: Exports;
  const memory = () => exports.memory;
  const imports: WasmImports = {
    env: {
      ...createSystem(memory, limits),
      ...createCalendar(memory),
      emscripten_date_now: () => clock.now,
    },
    wasi_snapshot_preview1: createFileSystem(memory, files, limits),
  };
  exports = instantiateModule(module, imports) as unknown as Exports;
  const { end, breakAt } = enlargeStack(exports);
  exports.__wasm_call_ctors();
  const bytes = new Uint8Array(exports.memory.buffer);
  const heap = end + MORE_STACK;
  const top = new Uint32Array(exports.memory.buffer)[breakAt] ?? heap;
  const image = [
    { at: 0, bytes: bytes.slice(0, end) },
    { at: heap, bytes: bytes.slice(heap, top) },
  ];
  return { exports, image, files, clock };
}

/**
 * Gives C a larger stack. jq-web's has 64 KiB, right above the data and below the heap, with no guard: printing a
 * hundred nested lists overwrote the data. Before anything runs, a single word holds the start of the heap, which is
 * also where the stack starts: both are moved up.
 */
function enlargeStack(exports: Exports): { end: number; breakAt: number } {
  const end = exports.emscripten_stack_get_current();
  const words = new Uint32Array(exports.memory.buffer, 0, end >> 2);
  const breakAt = words.indexOf(end);
  if (breakAt === -1 || words.includes(end, breakAt + 1)) throw new Error("jq-web has another memory layout");
  words[breakAt] = end + MORE_STACK;
  exports._emscripten_stack_restore(end + MORE_STACK);
  return { end, breakAt };
}

function createSystem(
  memory: () => WasmMemory,
  limits: WasmLimits,
): Record<string, (...args: never[]) => unknown> {
  const text = (pointer: number) => readText(memory(), pointer);
  const missing = () => NOT_FOUND;
  return {
    exit(code: number) {
      throw new Exit(code);
    },
    _abort_js() {
      throw new WasmFailure("needs more memory than it may have");
    },
    __assert_fail(condition: number) {
      throw new WasmFailure(`jq broke off: ${text(condition)}`);
    },
    emscripten_resize_heap(size: number) {
      const wanted = size >>> 0;
      if (wanted > limits.max_memory) return 0;
      memory().grow(Math.ceil((wanted - memory().buffer.byteLength) / PAGE));
      return 1;
    },
    __syscall_openat(_folder: number, path: number) {
      const name = text(path);
      if (name === "/program") return PROGRAM;
      return name === "/input" ? INPUT : NOT_FOUND;
    },
    __syscall_fstat64(_file: number, status: number) {
      const fields = new Uint32Array(memory().buffer, status, 24).fill(0);
      fields[1] = REGULAR_FILE;
      return 0;
    },
    __syscall_getcwd(buffer: number) {
      new Uint8Array(memory().buffer).set([0x2f, 0], buffer);
      return 2;
    },
    __syscall_stat64: missing,
    __syscall_lstat64: missing,
    __syscall_newfstatat: missing,
    __syscall_readlinkat: missing,
    __syscall_fcntl64: () => 0,
    __syscall_ioctl: () => -25,
    __call_sighandler() {},
    _emscripten_runtime_keepalive_clear() {},
  };
}

function createCalendar(memory: () => WasmMemory): Record<string, (...args: never[]) => unknown> {
  const tm = (pointer: number) => new Int32Array(memory().buffer, pointer, 11);
  const write = (seconds: bigint, pointer: number) => writeTime(tm(pointer), Number(seconds));
  return {
    _gmtime_js: write,
    _localtime_js: write,
    _timegm_js: (pointer: number) => {
      const seconds = readTime(tm(pointer));
      return BigInt(Number.isFinite(seconds) ? seconds : -1);
    },
    _tzset_js(offset: number, daylight: number, standardName: number, summerName: number) {
      new Int32Array(memory().buffer)[offset >> 2] = 0;
      new Int32Array(memory().buffer)[daylight >> 2] = 0;
      for (const name of [standardName, summerName]) {
        new Uint8Array(memory().buffer).set([0x55, 0x54, 0x43, 0], name);
      }
    },
    strptime(text: number, format: number, pointer: number) {
      // Reads Latin-1, so that a position in the string is one in memory.
      const used = parseTime(
        readText(memory(), text, "latin1"),
        readText(memory(), format, "latin1"),
        tm(pointer),
      );
      return used === -1 ? 0 : text + used;
    },
  };
}

function createFileSystem(
  memory: () => WasmMemory,
  files: Files,
  limits: WasmLimits,
): Record<string, (...args: never[]) => unknown> {
  /** The pieces of memory that a call refers to. */
  function pieces(list: number, count: number): Uint8Array[] {
    const pairs = new Uint32Array(memory().buffer, list, count * 2);
    return Array.from(
      { length: count },
      (_, at) => new Uint8Array(memory().buffer, pairs[at * 2] ?? 0, pairs[at * 2 + 1] ?? 0),
    );
  }

  function answer(pointer: number, value: number): number {
    new Uint32Array(memory().buffer)[pointer >> 2] = value;
    return 0;
  }

  return {
    environ_sizes_get(count: number, size: number) {
      answer(count, 0);
      return answer(size, 0);
    },
    environ_get: () => 0,
    fd_read(file: number, list: number, count: number, read: number) {
      if (file !== PROGRAM && file !== INPUT) return answer(read, 0);
      const name = file === PROGRAM ? "program" : "input";
      let total = 0;
      for (const piece of pieces(list, count)) {
        const part = files[name].subarray(files.read[name], files.read[name] + piece.length);
        piece.set(part);
        files.read[name] += part.length;
        total += part.length;
      }
      return answer(read, total);
    },
    fd_write(file: number, list: number, count: number, written: number) {
      let total = 0;
      for (const piece of pieces(list, count)) {
        total += piece.length;
        if (file === 1) {
          files.outputSize += piece.length;
          if (files.outputSize > limits.max_output) {
            throw new WasmFailure(`gives a value larger than ${limits.max_output} characters`);
          }
          files.output.push(piece.slice());
        } else if (file === 2 && files.errorsSize < MAX_ERRORS) {
          files.errorsSize += piece.length;
          files.errors.push(piece.slice(0, MAX_ERRORS));
        } else if (file !== 2) return BAD_FILE;
      }
      return answer(written, total);
    },
    fd_fdstat_get(_file: number, status: number) {
      new Uint8Array(memory().buffer, status, 24).fill(0)[0] = CHARACTER_DEVICE;
      return 0;
    },
    fd_close: () => 0,
    fd_seek: () => NOT_SEEKABLE,
    proc_exit(code: number) {
      throw new Exit(code);
    },
  };
}

function readText(memory: WasmMemory, pointer: number, encoding: "utf8" | "latin1" = "utf8"): string {
  const bytes = new Uint8Array(memory.buffer);
  const text = bytes.subarray(pointer, bytes.indexOf(0, pointer));
  return encoding === "utf8" ? fromUtf8(text) : toLatin1(text);
}
