import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { explainListen, tryAddress } from "./listen.ts";

describe("an address that cannot be listened on", () => {
  it.each([
    ["EADDRINUSE", /^Port 80 on example\.test is taken\. Stop what uses it, or set PORT\.$/],
    ["EACCES", /^This user may not listen on port 80\. Set PORT to one above 1023/],
    ["EADDRNOTAVAIL", /^example\.test is not an address of this machine\. Set HOST/],
    ["ENOTFOUND", /^The name example\.test has no address here\. Set HOST/],
    ["EAI_AGAIN", /^The name example\.test has no address here\. Set HOST/],
    ["EAFNOSUPPORT", /^This machine cannot listen on example\.test .*Set HOST/],
    ["EMFILE", /^Cannot listen on port 80 of example\.test \(it said no\)\. Correct HOST or PORT\.$/],
  ])("is named with the setting to change: %s", (code, line) => {
    const cause = Object.assign(new Error("it said no"), { code });
    const explained = explainListen(cause, { host: "example.test", port: 80 });
    expect(explained.message).toMatch(line);
    expect(explained.cause).toBe(cause);
  });

  it("is detected by trying, and a valid address is free afterwards", async () => {
    const occupant = createServer().listen(0, "127.0.0.1");
    await once(occupant, "listening");
    const { port } = occupant.address() as AddressInfo;
    await expect(tryAddress({ host: "127.0.0.1", port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is taken`,
    );
    occupant.close();
    await once(occupant, "close");
    await tryAddress({ host: "127.0.0.1", port });
    await tryAddress({ host: "127.0.0.1", port });
    // From the range reserved for examples, so unassigned.
    await expect(tryAddress({ host: "192.0.2.1", port: 0 })).rejects.toThrow(
      "not an address of this machine",
    );
    await expect(tryAddress({ host: "no-such.invalid", port: 0 })).rejects.toThrow("has no address here");
  });
});
