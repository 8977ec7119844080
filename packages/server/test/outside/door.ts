import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A way to the database that can be closed, as a failover does, or go silent, as a firewall does. */
export interface Door {
  /** The database's address, through the door. */
  url: string;
  isOpen: boolean;
  /** The times of connection attempts while it was closed, in milliseconds. */
  refused: number[];
  /** Ends all connections and takes no new ones. */
  shut: () => void;
  /**
   * From now on nothing passes in the connections there are, or in those of them that `which` names by their number;
   * new ones work. Returns how many went silent.
   */
  silence: (which?: (index: number) => boolean) => number;
  /** Ends the database's side of what is silent, as the keepalive of its system does after half a minute. */
  forget: () => void;
  server: Server;
}

export async function createDoor(databaseUrl: string): Promise<Door> {
  const behind = new URL(databaseUrl);
  const pairs: { ends: [Socket, Socket]; isSilent: boolean }[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (!door.isOpen) {
      door.refused.push(performance.now());
      socket.destroy();
      return;
    }
    const through = connect(Number(behind.port), behind.hostname);
    const pair: (typeof pairs)[number] = { ends: [socket, through], isSilent: false };
    pairs.push(pair);
    for (const [from, to] of [
      [socket, through],
      [through, socket],
    ] as const) {
      from.on("data", (bytes) => {
        if (!pair.isSilent) to.write(bytes);
      });
      // An end is a packet too: it does not get through.
      from.on("close", () => {
        if (!pair.isSilent) to.destroy();
      });
      from.on("error", () => {});
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(behind);
  url.port = String((server.address() as AddressInfo).port);
  const door: Door = {
    url: url.href,
    isOpen: true,
    refused: [],
    server,
    shut() {
      door.isOpen = false;
      for (const { ends } of pairs) for (const end of ends) end.destroy();
    },
    silence(which = () => true) {
      const living = pairs.filter(({ ends, isSilent }) => !isSilent && !ends.some((end) => end.destroyed));
      const chosen = living.filter((_pair, index) => which(index));
      for (const pair of chosen) pair.isSilent = true;
      return chosen.length;
    },
    forget() {
      for (const { ends, isSilent } of pairs) if (isSilent) ends[1].destroy();
    },
  };
  return door;
}
